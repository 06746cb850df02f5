#: breaks: only-refused
#: expects: canceled even though the provider may have charged
#: because: an order that could not be paid in all these tries shall not stay open
#: replaces: 2
#: changes: gap 1
-              - {ErrorEquals: [CardRefused], Output: "{% $states.input %}", Next: Cancel the order}
+              - {ErrorEquals: [States.ALL], Output: "{% $states.input %}", Next: Cancel the order}
