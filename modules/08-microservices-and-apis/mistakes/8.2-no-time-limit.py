#: breaks: two-seconds
#: expects: Orders waits for as long as stock takes
#: because: urlopen is thought to give up by itself.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
+        with urllib.request.urlopen(request):
