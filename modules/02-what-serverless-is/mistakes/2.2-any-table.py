#: breaks: one-table
#: expects: The role allows them on other things of that kind.*another table
#: because: The learner takes a pattern for the payments of each year.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
+        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN + "*"},
