#: breaks: not-when-open
#: expects: tries again on a connection that still works.*came back: 2 attempts
#: because: The handler closes the connection, which then looks lost.
#: replaces: 2
#: changes: gap 2
-            lost = connection is None or connection.closed
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+            if connection is not None:
+                connection.close()
+            if context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
