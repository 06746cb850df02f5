#: breaks: once
#: expects: took its lamps twice
#: because: A queue is thought to deliver once.
#: replaces: 2
#: changes: gap 1
-        first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
