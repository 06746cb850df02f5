#: breaks: no-others
#: expects: or can be, are reported as failed
#: because: reports all when one has failed
#: changes: gap 1
-            failures.append({"itemIdentifier": record["messageId"]})
+            failures = [{"itemIdentifier": each["messageId"]} for each in event["Records"]]
