#: breaks: one-secret
#: expects: allows more than the payment function needs.*it allows secretsmanager:PutSecretValue
#: because: The function reads the key, so the learner lets it rotate the key.
#: changes: gap 1
-        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET_ARN},
+        {
+            "Effect": "Allow",
+            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
+            "Resource": SECRET_ARN,
+        },
