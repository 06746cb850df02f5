#: breaks: good-orders
#: expects: divided by all posted orders, poison included
#: because: each posted order has a price
#: changes: gap 1
-    return {what: 1000 * value / record.orders for what, value in usd.items()}
+    return {what: 1000 * value / len(record.posted) for what, value in usd.items()}
