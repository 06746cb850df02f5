#: breaks: only-refused
#: expects: canceled even though the provider may have charged.*OutOfPaper
#: because: a provider that reports any error has charged nobody
#: replaces: 2
#: changes: gap 1
-              - {ErrorEquals: [CardRefused], Output: "{% $states.input %}", Next: Cancel the order}
+              - {ErrorEquals: [CardRefused, States.TaskFailed], Output: "{% $states.input %}", Next: Cancel the order}
