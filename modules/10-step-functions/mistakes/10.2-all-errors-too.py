#: breaks: unknown
#: expects: called again after a bug in the bank
#: because: A second rule for everything that is not named, except the card.
#: changes: gap 1
-pay["Retry"] = [later]
+pay["Retry"] = [later, {"ErrorEquals": ["CardDeclined"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
