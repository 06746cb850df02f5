#: breaks: reserved
#: expects: The number of seats is wrong
#: because: Reserved seats are thought to be free until an administrator comes.
#: changes: gap 1
-    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
+    seats = event["max_connections"] - event["other_sessions"]
