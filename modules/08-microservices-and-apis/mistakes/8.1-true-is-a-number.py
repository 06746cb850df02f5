#: breaks: quantity
#: expects: blames our service for the client's fault.*true instead of a quantity
#: because: isinstance(True, int) holds.
#: changes: gap 1
-    if type(quantity) is not int or not 1 <= quantity <= 20:
+    if not isinstance(quantity, int) or not 1 <= quantity <= 20:
