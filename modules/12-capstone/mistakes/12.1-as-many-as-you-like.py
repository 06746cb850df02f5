#: breaks: fields
#: expects: A bad order \(a quantity of 1,001\) is accepted
#: because: thinks only of numbers that are too small; the integer column then refuses a very large one forever
#: changes: gap 1
-    if type(order["quantity"]) is not int or not 1 <= order["quantity"] <= 1000:
+    if type(order["quantity"]) is not int or order["quantity"] < 1:
