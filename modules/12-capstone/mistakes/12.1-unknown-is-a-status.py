#: breaks: unknown
#: expects: The response for an unknown order is not a 404.*came back: 200
#: because: an order that was placed a moment ago is not in the table yet, and that is no error
#: changes: gap 1
-        return reply(404, {"message": "There is no order with this id yet."})
+        return reply(200, {"order_id": order_id, "status": "unknown"})
