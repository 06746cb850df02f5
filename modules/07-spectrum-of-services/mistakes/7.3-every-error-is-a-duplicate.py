#: breaks: other-errors
#: expects: place hides an error.*while DynamoDB throttles.*came back: OrderExists
#: because: Every error of put_item is taken for the condition.
#: changes: gap 2
-        except self.client.exceptions.ConditionalCheckFailedException:
+        except self.client.exceptions.ClientError:
