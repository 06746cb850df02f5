#: breaks: hour
#: expects: 'Mark as paid' gives up too early.*add up to 34 min
#: because: adds up the longest pauses, which are 68 minutes, and forgets that jitter halves them
#: replaces: 2
#: changes: gap 1
               Payload: {order_id: "{% $states.input.order_id %}", status: paid}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 30, JitterStrategy: FULL}]
+            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 16, JitterStrategy: FULL}]
