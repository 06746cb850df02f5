#: breaks: accepted
#: expects: A good order is not accepted.*came back: 200
#: because: 200 says that it has worked, and any 2xx will do
#: changes: gap 1
-    return reply(202, {"order_id": order["order_id"]})
+    return reply(200, {"order_id": order["order_id"]})
