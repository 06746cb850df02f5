#: expects: cancelled that the provider may have charged
#: because: an order that could not be paid in all these tries shall not stay open
#: when: nightly
#: replaces: 2
#: fills: gap 1
        StartAt: Ask the provider
        States:
          Ask the provider:
            Type: Task
            Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
            Arguments:
              QueueUrl: !Ref Payments
              MessageBody: "{% $merge([$states.input, {'key': $states.input.order_id, 'token': $states.context.Task.Token}]) %}"
            TimeoutSeconds: 120
            Retry:
              - {ErrorEquals: [CardRefused], MaxAttempts: 0}
              - {ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 8}
            Catch:
              - {ErrorEquals: [States.ALL], Output: "{% $states.input %}", Next: Cancel the order}
            Output: "{% $states.input %}"
            Next: Mark as paid
          Mark as paid:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Arguments:
              FunctionName: !Ref Ledger
              Payload: {order_id: "{% $states.input.order_id %}", status: paid}
            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 12, JitterStrategy: FULL}]
            Output: "{% $states.input %}"
            Next: Tell that it is paid
          Tell that it is paid:
            Type: Task
            Resource: arn:aws:states:::events:putEvents
            Arguments:
              Entries:
                - EventBusName: !Ref Bus
                  Source: hikari.orders
                  DetailType: OrderPaid
                  Detail: {order_id: "{% $states.input.order_id %}"}
            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 12, JitterStrategy: FULL}]
            End: true
          Cancel the order:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Arguments:
              FunctionName: !Ref Ledger
              Payload: {order_id: "{% $states.input.order_id %}", status: cancelled}
            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 12, JitterStrategy: FULL}]
            Output: "{% $states.input %}"
            Next: Tell that it is cancelled
          Tell that it is cancelled:
            Type: Task
            Resource: arn:aws:states:::events:putEvents
            Arguments:
              Entries:
                - EventBusName: !Ref Bus
                  Source: hikari.orders
                  DetailType: OrderCancelled
                  Detail: {order_id: "{% $states.input.order_id %}"}
            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 12, JitterStrategy: FULL}]
            End: true
