#: breaks: two-seconds
#: expects: Orders waits for as long as stock takes
#: because: Some room above the limit is thought to do no harm.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
+        with urllib.request.urlopen(request, timeout=4):
