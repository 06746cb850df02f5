#: breaks: entries
#: expects: The list contains bare ids
#: because: returns the ids, without the dict that Lambda reads
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
+            failures.append(record["messageId"])
