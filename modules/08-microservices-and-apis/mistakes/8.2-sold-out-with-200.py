#: breaks: sold-out
#: expects: the status says that all is well
#: because: The body says that it is sold out.
#: changes: gap 1
-            return answer(409, {"message": "sold out"})
+            return answer(200, {"message": "sold out"})
