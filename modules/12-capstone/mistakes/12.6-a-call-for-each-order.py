#: breaks: requests
#: expects: Lambda, requests: that is not what AWS would bill
#: because: each order is one call of each function
#: changes: gap 1
-    calls = sum(use.calls for use in record.functions)
+    calls = len(record.posted) * len(record.functions)
