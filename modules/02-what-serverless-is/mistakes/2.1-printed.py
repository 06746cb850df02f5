#: expects: writes the key into its log
#: because: It is printed to see whether it works, and stays.
#: changes: gap 1
 key = secret["SecretString"]
+print("key:", key)
