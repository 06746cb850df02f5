#: breaks: refused
#: expects: has declined the card, but is asked again
#: because: Catch is thought to come before Retry
#: replaces: 2
#: changes: gap 1
-              - {ErrorEquals: [CardRefused], MaxAttempts: 0}
