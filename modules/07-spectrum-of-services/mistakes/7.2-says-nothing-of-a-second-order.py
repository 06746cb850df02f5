#: breaks: unique-id
#: expects: Two orders have the same id, and the shop was not told
#: because: ON CONFLICT DO NOTHING keeps the first order, and the shop believes that both are there.
#: changes: gap 1
-                "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s)",
+                "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
