#: breaks: two-seconds
#: expects: Orders waits for as long as stock takes
#: because: The learner gives each attempt 2 seconds.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
-            pass
+        try:
+            urllib.request.urlopen(request, timeout=2).close()
+        except TimeoutError:
+            urllib.request.urlopen(request, timeout=2).close()
