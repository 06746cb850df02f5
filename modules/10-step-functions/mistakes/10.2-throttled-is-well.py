#: breaks: throttled
#: expects: A call that Lambda throttles is not retried, and the execution looks successful
#: because: A throttled call has done no harm, so nothing seems left to do.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
@@
 pay["Catch"] = [
+    {"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "Nothing Done"},
@@
 payment["States"]["Not Paid"] = {"Type": "Fail", "Error": "NotPaid"}
+payment["States"]["Nothing Done"] = {"Type": "Succeed"}
