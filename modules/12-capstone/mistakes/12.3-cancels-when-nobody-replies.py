#: breaks: only-refused
#: expects: canceled even though the provider may have charged.*does not reply.*cancelled
#: because: a provider that has never replied has charged nobody
#: replaces: 2
#: changes: gap 1
-              - {ErrorEquals: [CardRefused], Output: "{% $states.input %}", Next: Cancel the order}
+              - {ErrorEquals: [CardRefused, States.Timeout], Output: "{% $states.input %}", Next: Cancel the order}
