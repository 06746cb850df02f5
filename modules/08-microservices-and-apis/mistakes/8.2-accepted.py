#: breaks: reserved
#: expects: customer does not get 201
#: because: 202 is thought to be the status of a call to another service.
#: changes: gap 1
-    return answer(201, order)
+    return answer(202, order)
