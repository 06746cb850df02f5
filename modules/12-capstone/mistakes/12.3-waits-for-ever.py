#: breaks: timeout
#: expects: waits forever for a provider
#: because: the provider will answer some time
#: replaces: 2
#: changes: gap 1
-            TimeoutSeconds: 120
