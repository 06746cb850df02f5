#: breaks: fails
#: expects: DynamoDB refused a new order.s reservation, but the function ended well
#: because: Only a repetition is thought to cancel a transaction.
#: replaces: 2
#: changes: gap 1
-        except dynamodb.exceptions.TransactionCanceledException as refusal:
-            if refusal.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
-                raise
+        except dynamodb.exceptions.TransactionCanceledException:
+            continue
