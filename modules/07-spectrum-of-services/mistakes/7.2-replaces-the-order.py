#: breaks: unique-id
#: expects: A second order with the same id replaces the first
#: because: An order with a known id is taken for a correction.
#: changes: gap 1
-                "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s)",
+                """INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s)
+                   ON CONFLICT (order_id) DO UPDATE SET customer = EXCLUDED.customer,
+                   placed_at = EXCLUDED.placed_at, lamp = EXCLUDED.lamp""",
