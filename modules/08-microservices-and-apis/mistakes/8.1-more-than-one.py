#: breaks: quantity
#: expects: refused because of its quantity, 1\.
#: because: Writes < for both limits of "from 1 to 20", and corrects only the upper limit.
#: changes: gap 1
-    if type(quantity) is not int or not 1 <= quantity <= 20:
+    if type(quantity) is not int or not 1 < quantity <= 20:
