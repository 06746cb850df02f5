#: breaks: keeps-trying
#: expects: gives up after [2-9] attempts, although most of its time is left.*came back: .*connections: [2-9];.*rows: 0
#: because: A few attempts are thought to be enough, however much time is left.
#: replaces: 2
#: changes: gap 2
-    while True:
+    for attempt in range(4):
@@
-            if not lost or context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
+            if not lost or attempt == 3:
@@
-            wait_s *= 2
