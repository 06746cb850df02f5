#: breaks: quantity
#: expects: An order with a quantity that is a string is accepted
#: because: int() makes a number out of it, so it is taken for one.
#: changes: gap 1
-    if type(quantity) is not int or not 1 <= quantity <= 20:
+    try:
+        if not 1 <= int(quantity) <= 20 or int(quantity) != float(quantity):
+            return "quantity must be from 1 to 20"
+    except (TypeError, ValueError):
