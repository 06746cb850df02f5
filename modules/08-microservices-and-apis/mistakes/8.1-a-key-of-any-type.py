#: breaks: strings
#: expects: blames our service.*an order_key that is a number
#: because: A key that is there is thought to be a text.
#: changes: gap 1
-        if not isinstance(order.get(field), str) or not order[field]:
+        if not order.get(field) or (field == "lamp" and not isinstance(order[field], str)):
