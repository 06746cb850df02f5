#: breaks: paid
#: expects: announced as paid before it is marked.*the order is: accepted, but the event hikari.orders OrderPaid
#: because: the customer shall hear of the payment as soon as can be
#: replaces: 2
#: changes: gap 1
             Output: "{% $states.input %}"
-            Next: Announce the payment
+            End: true
@@
             Output: "{% $states.input %}"
-            Next: Mark as paid
+            Next: Announce the payment
@@
                   DetailType: OrderPaid
                   Detail: {order_id: "{% $states.input.order_id %}"}
             Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 30, JitterStrategy: FULL}]
-            End: true
+            Output: "{% $states.input %}"
+            Next: Mark as paid
