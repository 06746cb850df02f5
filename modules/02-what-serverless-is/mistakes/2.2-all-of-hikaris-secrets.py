#: breaks: one-secret
#: expects: The role allows them on other things of that kind.*read another secret
#: because: The learner takes a pattern for all secrets whose names begin with hikari.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
+        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN.split("provider")[0] + "*"},
