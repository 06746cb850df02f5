#: breaks: unique
#: expects: another order with the same key, if the lamp is another.*look at: the columns
#: because: The index is thought to describe the whole order, but the key names it.
#: changes: gap 1
-    connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS one_order_for_each_key ON orders (order_key)")
+    connection.execute("CREATE UNIQUE INDEX IF NOT EXISTS one_order_for_each_key ON orders (order_key, lamp)")
