#: breaks: created
#: expects: the body is not the order
#: because: The status says it all, so any body will do.
#: changes: gap 1
-    return answer(201, order)
+    return answer(201, {"message": "stored"})
