#: breaks: log-policy
#: expects: That policy was to stay in place
#: because: AWS's policy covers every log group, so the learner replaces it with a narrower statement.
#: changes: gap 1
         {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": PAYMENTS_ARN},
+        {
+            "Effect": "Allow",
+            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
+            "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/*",
+        },
@@
 iam.delete_role_policy(RoleName="hikari-payment", PolicyName="everything")
+iam.detach_role_policy(RoleName="hikari-payment", PolicyArn=BASIC)
