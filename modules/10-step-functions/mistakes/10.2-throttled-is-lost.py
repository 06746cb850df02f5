#: breaks: throttled
#: expects: A call that Lambda throttles has done nothing yet
#: because: Only the function's own errors are considered.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
