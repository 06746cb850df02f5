#: breaks: event-fields
#: expects: Announcing accepted orders causes an error in your worker.*Detail
#: because: Detail is an object in the documentation's pictures
#: changes: gap 1
-            "Detail": json.dumps({"order_id": order_id}),
+            "Detail": {"order_id": order_id},
