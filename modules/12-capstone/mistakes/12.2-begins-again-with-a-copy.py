#: breaks: copies
#: expects: A second copy of an order changes its row.*the paid order is: accepted
#: because: an upsert takes both a new order and a copy
#: changes: gap 1
-        ON CONFLICT (order_id) DO NOTHING
+        ON CONFLICT (order_id) DO UPDATE SET status = 'accepted'
