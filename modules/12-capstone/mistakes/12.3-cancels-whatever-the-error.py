#: breaks: ask-again
#: expects: busy provider is not asked again
#: because: any error of the provider means that the order is not paid
#: replaces: 2
#: changes: gap 1
-            Retry:
-              - {ErrorEquals: [CardRefused], MaxAttempts: 0}
-              - {ErrorEquals: [States.ALL], IntervalSeconds: 30, BackoffRate: 2, MaxDelaySeconds: 300, MaxAttempts: 8}
@@
-              - {ErrorEquals: [CardRefused], Output: "{% $states.input %}", Next: Cancel the order}
+              - {ErrorEquals: [States.ALL], Output: "{% $states.input %}", Next: Cancel the order}
