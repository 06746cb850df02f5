#: expects: something that is not the secret's value
#: because: The answer of get_secret_value is taken for the secret.
#: changes: gap 1
-key = secret["SecretString"]
+key = secret["Name"]
