#: breaks: two-seconds
#: expects: Orders waits for as long as stock takes
#: because: Each attempt is thought to have 2 seconds of its own.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
-            pass
+        try:
+            urllib.request.urlopen(request, timeout=2).close()
+        except TimeoutError:
+            urllib.request.urlopen(request, timeout=2).close()
