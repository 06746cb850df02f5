#: breaks: the-secrets-value
#: expects: something that is not the secret's value
#: because: The learner takes the wrong part of the answer of get_secret_value.
#: changes: gap 1
-key = secret["SecretString"]
+key = secret["Name"]
