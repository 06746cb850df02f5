#: breaks: others
#: expects: The number of seats is wrong
#: because: The function is thought to be the only client.
#: changes: gap 1
-    seats = event["max_connections"] - event["reserved_connections"] - event["other_sessions"]
+    seats = event["max_connections"] - event["reserved_connections"]
