#: breaks: reserved-before
#: expects: gets stock's status instead
#: because: The status of stock is thought to fit the customer.
#: changes: gap 1
-        with urllib.request.urlopen(request, timeout=2):
-            pass
+        with urllib.request.urlopen(request, timeout=2) as reply:
+            status = reply.status
@@
-    return answer(201, order)
+    return answer(status, order)
