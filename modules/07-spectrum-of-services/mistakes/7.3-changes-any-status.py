#: breaks: old-status
#: expects: A packed order was canceled
#: because: The condition only asks whether the order exists.
#: changes: gap 5
-                ConditionExpression="#status = :old",
+                ConditionExpression="attribute_exists(order_id)",
@@
-                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}, ":one": {"N": "1"}},
+                ExpressionAttributeValues={":new": {"S": new}, ":one": {"N": "1"}},
