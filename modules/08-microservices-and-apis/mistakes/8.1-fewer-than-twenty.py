#: breaks: quantity
#: expects: refused because of its quantity, 20
#: because: Reads "from 1 to 20" as range(1, 20).
#: changes: gap 1
-    if type(quantity) is not int or not 1 <= quantity <= 20:
+    if type(quantity) is not int or quantity not in range(1, 20):
