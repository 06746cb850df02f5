#: breaks: each-status
#: expects: never sees that an order is paid
#: because: writes an item only when there is none
#: replaces: 2
#: changes: gap 1
-            ConditionExpression="attribute_not_exists(step) OR step < :step",
+            ConditionExpression="attribute_not_exists(step)",
