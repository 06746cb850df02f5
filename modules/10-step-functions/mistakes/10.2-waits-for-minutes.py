#: breaks: first-pause
#: expects: The pauses are too long
#: because: A busy bank should get a lot of rest.
#: changes: gap 1
-    "IntervalSeconds": 6,
+    "IntervalSeconds": 30,
