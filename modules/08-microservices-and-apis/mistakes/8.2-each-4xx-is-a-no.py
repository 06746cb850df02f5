#: breaks: any-error
#: expects: told that the lamp is sold out
#: because: A status below 500 is thought to be an answer.
#: changes: gap 1
-        if refusal.code == 409:
+        if refusal.code < 500:
