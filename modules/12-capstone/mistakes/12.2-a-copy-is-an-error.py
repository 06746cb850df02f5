#: breaks: copies
#: expects: A second copy of an order counts as a failure
#: because: the primary key keeps the table right, so a plain INSERT will do
#: changes: gap 1
-        ON CONFLICT (order_id) DO NOTHING
