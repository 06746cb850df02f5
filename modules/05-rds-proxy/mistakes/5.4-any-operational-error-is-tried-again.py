#: breaks: not-when-open
#: expects: tries again on a connection that still works.*invoke orders .* and pg_cancel_backend.*came back: 2 attempts
#: because: The learner treats every OperationalError as a lost connection, but a canceled query also raises one.
#: replaces: 2
#: changes: gap 2
-            lost = connection is None or connection.closed
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+            if context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
