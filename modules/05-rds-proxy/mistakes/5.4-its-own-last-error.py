#: breaks: last-error
#: expects: doesn't say why the order couldn't be placed.*came back: gave up
#: because: After the last attempt, the handler raises its own error, and the log doesn't name the cause.
#: replaces: 2
#: changes: gap 2
-    while True:
+    while context.get_remaining_time_in_millis() > 1000 * wait_s + 2000:
@@
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+            if not lost:
@@
             time.sleep(wait_s)
             wait_s *= 2
+    raise RuntimeError("gave up")
