#: breaks: busy
#: expects: is called more often than the task says.*came back: 6 calls to the bank.*expected: 5 calls
#: because: Five calls are taken for five retries.
#: changes: gap 1
-    "MaxAttempts": 4,
+    "MaxAttempts": 5,
