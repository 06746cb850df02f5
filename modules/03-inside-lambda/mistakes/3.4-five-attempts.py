#: breaks: busy
#: expects: gives up early
#: because: Five attempts are usual, so the learner doesn't look at the time that is left.
#: replaces: 2
#: changes: gap 1
-    while context.get_remaining_time_in_millis() > 1000 * wait_s + 1000:
+    for attempt in range(5):
@@
-            time.sleep(wait_s * random.uniform(0.5, 1.0))
+            if attempt == 4:
+                break
+            time.sleep(wait_s)
