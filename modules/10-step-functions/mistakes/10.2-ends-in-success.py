#: breaks: failed
#: expects: The order is not paid, but the execution looks successful
#: because: The catch leads to a normal end.
#: changes: gap 1
 ]
-del telling["End"]
-telling["Next"] = "Not Paid"
-payment["States"]["Not Paid"] = {"Type": "Fail", "Error": "NotPaid"}
