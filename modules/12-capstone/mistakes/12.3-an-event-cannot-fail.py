#: breaks: hour
#: expects: 'Announce the payment' gives up too early.*came back: no retry
#: because: EventBridge always takes an event
#: replaces: 2
#: changes: gap 1
                   DetailType: OrderPaid
                   Detail: {order_id: "{% $states.input.order_id %}"}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 30, JitterStrategy: FULL}]
