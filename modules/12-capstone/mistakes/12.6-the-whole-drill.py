#: breaks: per-1000
#: expects: the price of the whole drill
#: because: forgets for how many orders the sum is
#: changes: gap 1
-    return {what: 1000 * value / record.orders for what, value in usd.items()}
+    return {what: value for what, value in usd.items()}
