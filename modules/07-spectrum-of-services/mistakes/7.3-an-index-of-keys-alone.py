#: breaks: whole-orders
#: expects: The orders in the list are not complete
#: because: Only the keys are copied into the index.
#: changes: gap 1
-            "Projection": {"ProjectionType": "ALL"},
+            "Projection": {"ProjectionType": "KEYS_ONLY"},
