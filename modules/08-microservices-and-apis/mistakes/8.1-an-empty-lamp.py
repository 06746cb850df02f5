#: breaks: strings
#: expects: An order with an empty lamp is accepted
#: because: Only the key is thought to need a value.
#: changes: gap 1
-        if not isinstance(order.get(field), str) or not order[field]:
+        if not isinstance(order.get(field), str) or (field == "order_key" and not order[field]):
