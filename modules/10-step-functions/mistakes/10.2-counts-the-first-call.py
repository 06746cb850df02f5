#: breaks: busy
#: expects: gives up too early
#: because: MaxAttempts is thought to count the first call.
#: changes: gap 1
-    "MaxAttempts": 4,
+    "MaxAttempts": 3,
