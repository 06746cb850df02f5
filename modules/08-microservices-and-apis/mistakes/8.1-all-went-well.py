#: breaks: created
#: expects: the status does not say so
#: because: 200 is taken for the status of everything that works.
#: changes: gap 1
-    return answer(201, order)
+    return answer(200, order)
