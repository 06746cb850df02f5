#: breaks: reserved-before
#: expects: Stock says that it reserved the lamps before
#: because: Everything but 201 is taken for a no.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
-            pass
+        with urllib.request.urlopen(request, timeout=2) as reply:
+            if reply.status != 201:
+                return answer(409, {"message": "sold out"})
