#: breaks: event-fields
#: expects: has the wrong DetailType.*came back: DetailType: OrderPlaced.*look at: functions/news.py
#: because: the customer has placed an order, so that is the event
#: changes: gap 1
-            "DetailType": "OrderAccepted",
+            "DetailType": "OrderPlaced",
