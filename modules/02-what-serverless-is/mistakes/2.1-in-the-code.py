#: breaks: from-secrets-manager
#: expects: The key is in the code
#: because: The key must not be in the settings, so the learner puts it where nobody seems to look.
#: changes: gap 1
-secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET_NAME"])
-key = secret["SecretString"]
+key = "hk-live-4f1d7c"
