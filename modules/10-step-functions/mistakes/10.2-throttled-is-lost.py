#: expects: A call that Lambda throttles has done nothing yet
#: because: Only the errors of the function are thought of.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
