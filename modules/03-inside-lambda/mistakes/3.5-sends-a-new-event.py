#: breaks: the-failed-event
#: expects: aren't the failed events with their addresses
#: because: The learner builds the event anew from the two fields of the example.
#: replaces: 2
#: changes: gap 1
-            repaired = {**order, "address": addresses[order["order_id"]]}
+            repaired = {"order_id": order["order_id"], "address": addresses[order["order_id"]]}
