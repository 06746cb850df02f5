#: breaks: other-errors
#: expects: repeats an order that can never succeed
#: because: The learner treats every error as a lost connection.
#: replaces: 2
#: changes: gap 2
-        except psycopg.OperationalError:
-            lost = connection is None or connection.closed
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+        except psycopg.Error:
+            if context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
