#: expects: a paid order stays unmarked
#: because: Ledger is our own function and always there
#: replaces: 2
#: changes: gap 1
               Payload: {order_id: "{% $states.input.order_id %}", status: paid}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 20, JitterStrategy: FULL}]
@@
               Payload: {order_id: "{% $states.input.order_id %}", status: cancelled}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 20, JitterStrategy: FULL}]
