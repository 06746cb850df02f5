#: breaks: only-two-permissions
#: expects: allows more than the payment function needs.*it allows dynamodb:UpdateItem
#: because: Changing an item seems to be the same right as putting it.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
+        {"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"], "Resource": PAYMENTS_ARN},
