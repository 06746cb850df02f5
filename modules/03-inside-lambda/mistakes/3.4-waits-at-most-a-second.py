#: breaks: growing-waits
#: expects: grow only at first
#: because: Many libraries cap their waits, so the learner does the same.
#: replaces: 2
#: changes: gap 1
-            time.sleep(wait_s * random.uniform(0.5, 1.0))
-            wait_s *= 2
+            time.sleep(wait_s)
+            wait_s = min(2 * wait_s, 1)
