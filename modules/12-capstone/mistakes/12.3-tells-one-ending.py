#: breaks: cancelled
#: expects: An outcome is not announced
#: because: only a sale is news: nobody needs to hear of a cancelled order
#: replaces: 2
#: changes: gap 1
-            Output: "{% $states.input %}"
-            Next: Announce the cancellation
-          Announce the cancellation:
-            Type: Task
-            Resource: arn:aws:states:::events:putEvents
-            Arguments:
-              Entries:
-                - EventBusName: !Ref Bus
-                  Source: hikari.orders
-                  DetailType: OrderCancelled
-                  Detail: {order_id: "{% $states.input.order_id %}"}
-            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 30, JitterStrategy: FULL}]
