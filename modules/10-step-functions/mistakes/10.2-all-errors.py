#: breaks: declined
#: expects: called again after a declined card
#: because: States.ALL is meant to be thorough, and it retries what can never succeed.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["States.ALL"],
