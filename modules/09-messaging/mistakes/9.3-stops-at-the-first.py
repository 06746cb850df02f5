#: breaks: every-record
#: expects: keeps good messages from being handled
#: because: leaves the loop at the first failure
#: changes: gap 1
             failures.append({"itemIdentifier": record["messageId"]})
+            break
