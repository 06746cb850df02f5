#: expects: Ledger was busy for a few minutes
#: because: a Retry that names its errors has good pauses of its own
#: replaces: 2
#: changes: gap 1
               Payload: {order_id: "{% $states.input.order_id %}", status: paid}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 20, JitterStrategy: FULL}]
+            Retry: [{ErrorEquals: [States.ALL]}]
