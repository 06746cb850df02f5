#: breaks: quantity
#: expects: An order with a quantity of -2 is accepted
#: because: Zero is thought to be the only number below 1.
#: changes: gap 1
-    if type(quantity) is not int or not 1 <= quantity <= 20:
+    if type(quantity) is not int or not quantity or quantity > 20:
