#: breaks: events
#: expects: an outcome has another source.*hikari.payments OrderPaid
#: because: the payment workflow sends the event, so it is the source
#: replaces: 2
#: changes: gap 1
-                  Source: hikari.orders
-                  DetailType: OrderPaid
+                  Source: hikari.payments
+                  DetailType: OrderPaid
