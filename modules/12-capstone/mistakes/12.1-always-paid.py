#: breaks: status
#: expects: The customer does not see the status that is in the table.*with the status cancelled
#: because: the status of an order is "paid", as in the table of the lab
#: changes: gap 1
-    return reply(200, {"order_id": order_id, "status": item["status"]})
+    return reply(200, {"order_id": order_id, "status": "paid"})
