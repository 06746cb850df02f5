#: breaks: unique-id
#: expects: A second order with the same id replaces the first
#: because: put_item is thought to refuse an item that is there.
#: changes: gap 2
-                ConditionExpression="attribute_not_exists(order_id)",
