#: expects: The order is not paid, but the execution looks successful
#: because: The catch leads to a normal end.
#: changes: gap 1
-            "Next": "Not Paid",
+            "End": True,
@@
-        "Not Paid": {"Type": "Fail", "Error": "NotPaid"},
