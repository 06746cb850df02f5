#: expects: asked again about a bank that is broken
#: because: A second rule for everything that is not named, except the card.
#: changes: gap 1
-            "Retry": [later],
+            "Retry": [later, {"ErrorEquals": ["CardDeclined"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}],
