#: breaks: real-error
#: expects: throttled the write.*reports success
#: because: takes every error from DynamoDB for the refusal of the condition
#: changes: gap 1
-        except packages.meta.client.exceptions.ConditionalCheckFailedException:
+        except packages.meta.client.exceptions.ClientError:
