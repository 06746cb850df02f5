#: breaks: known
#: expects: GET does not return an order that is in the table
#: because: A dict of the module is thought to hold all orders.
#: changes: gap 1
+KNOWN = {}
+
+
 def wrong_with(order):
@@
-        order = find(event["pathParameters"]["order_key"])
+        order = KNOWN.get(event["pathParameters"]["order_key"])
@@
     store(order)
+    KNOWN[order["order_key"]] = order
