#: breaks: each-record
#: expects: An order with two lost parcels has two records
#: because: The learner takes a second record of an order for a repeated message.
#: replaces: 2
#: changes: gap 1
-            functions.invoke(
-                FunctionName=record["requestContext"]["functionArn"],
-                InvocationType="Event",
-                Payload=json.dumps(repaired),
-            )
+            if order["order_id"] not in replayed:
+                functions.invoke(
+                    FunctionName=record["requestContext"]["functionArn"],
+                    InvocationType="Event",
+                    Payload=json.dumps(repaired),
+                )
+                replayed.append(order["order_id"])
@@
-            replayed.append(order["order_id"])
