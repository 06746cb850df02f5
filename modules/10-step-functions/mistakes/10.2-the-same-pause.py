#: breaks: growing-pauses
#: expects: The pauses are too short
#: because: The pause is six seconds each time, so a busy bank gets no rest.
#: changes: gap 1
-    "BackoffRate": 2,
+    "BackoffRate": 1,
