#: breaks: fields
#: expects: rejects an order because of the customer's name
#: because: a name that the database cannot store shall not get in
#: changes: gap 1
-        if not isinstance(order[name], str) or not order[name]:
+        if not isinstance(order[name], str) or not order[name] or not order[name].isprintable():
