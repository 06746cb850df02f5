#: breaks: identifier
#: expects: not a message in the batch
#: because: reports by the order or the receipt, and not by the message
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
+            failures.append({"itemIdentifier": record["receiptHandle"]})
