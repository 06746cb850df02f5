#: expects: The pauses are too short
#: because: Six seconds each time: a busy bank gets no rest.
#: changes: gap 1
-    "BackoffRate": 2,
+    "BackoffRate": 1,
