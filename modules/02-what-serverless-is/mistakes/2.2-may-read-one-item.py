#: breaks: without-reading
#: expects: allows more on it than the payment function needs.*read one item
#: because: The learner thinks that the function needs to look at what it has put.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
+        {"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:GetItem"], "Resource": PAYMENTS_ARN},
