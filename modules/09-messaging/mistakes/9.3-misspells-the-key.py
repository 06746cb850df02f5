#: breaks: entries
#: expects: have the key itemIdentifer, which
#: because: writes the key from memory
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
+            failures.append({"itemIdentifer": record["messageId"]})
