#: breaks: packed-once
#: expects: repeated order is packed more than once
#: because: packs without a condition
#: changes: gap 1
-            ConditionExpression="attribute_not_exists(packed)",
