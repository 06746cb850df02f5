#: breaks: same-pauses
#: expects: A throttled call is retried too soon
#: because: Lambda has room again in a moment.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
@@
     "BackoffRate": 2,
 }
+soon = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 9}
@@
-pay["Retry"] = [later]
+pay["Retry"] = [later, soon]
