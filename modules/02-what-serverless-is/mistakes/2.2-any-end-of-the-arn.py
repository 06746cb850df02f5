#: breaks: one-secret
#: expects: on other things of that kind.*read another secret
#: because: The end of a secret's ARN is random, so the learner writes a star there. It also fits longer names.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
+        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN[:-6] + "*"},
