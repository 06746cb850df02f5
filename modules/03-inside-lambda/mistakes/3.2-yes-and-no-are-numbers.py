#: breaks: rejections
#: expects: accepts an event that it rejected before.*\[true\]
#: because: The learner replaces the schema, and forgets that Python's bool is an int.
#: changes: gap 1
-    import jsonschema
-
-    jsonschema.validate(event, REPORT)
+    sold = event["sold_yen"]
+    if not isinstance(sold, list) or not all(isinstance(yen, int) for yen in sold):
+        raise ValueError("sold_yen")
