#: breaks: same-pauses
#: expects: A throttled call is retried too soon
#: because: The pauses of the second rule do not grow.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
@@
-pay["Retry"] = [later]
+pay["Retry"] = [later, later | {"ErrorEquals": ["Lambda.TooManyRequestsException"], "BackoffRate": 1}]
