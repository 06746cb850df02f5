#: breaks: gives-up
#: expects: keeps trying until Lambda ends it.*timeout is 3 s
#: because: The function's timeout is thought to be fixed, so the handler counts the seconds itself.
#: replaces: 2
#: changes: gap 2
-    wait_s = 0.2
+    wait_s, give_up_s = 0.2, time.monotonic() + 4
@@
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+            if not lost or time.monotonic() > give_up_s:
@@
-            wait_s *= 2
