#: breaks: not-printed
#: expects: writes the key to its log
#: because: The learner prints the key to see whether it works, and the line stays.
#: changes: gap 1
 key = secret["SecretString"]
+print("key:", key)
