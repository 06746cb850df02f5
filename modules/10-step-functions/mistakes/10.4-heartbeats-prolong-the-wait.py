#: breaks: heartbeats
#: expects: depends on heartbeats.*a wait that ends 2 s after the last heartbeat
#: because: A heartbeat's limit is taken for the limit of the wait.
#: changes: gap 1
-            "TimeoutSeconds": 2,
+            "HeartbeatSeconds": 2,
