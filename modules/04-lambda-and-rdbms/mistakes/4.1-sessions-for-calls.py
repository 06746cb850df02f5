#: breaks: calls
#: expects: The counts don't add up
#: because: Each call is thought to have a session.
#: changes: gap 1
-    "calls": len(results),
+    "calls": len(sessions),
