#: breaks: object
#: expects: blames our service.*a string instead of an object
#: because: JSON is thought to be an object or a list.
#: changes: gap 1
-    if not isinstance(order, dict):
+    if isinstance(order, list):
