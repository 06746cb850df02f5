#: expects: A call that Lambda throttles is not made again, and the execution looks successful
#: because: Who was throttled has done no harm, so nothing is left to do.
#: changes: gap 1
-    "ErrorEquals": ["BankBusy", "Lambda.TooManyRequestsException"],
+    "ErrorEquals": ["BankBusy"],
@@
             "Catch": [
+                {"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "Nothing Done"},
@@
         "Not Paid": {"Type": "Fail", "Error": "NotPaid"},
+        "Nothing Done": {"Type": "Succeed"},
