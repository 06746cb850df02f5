#: expects: The orders of the list are not whole
#: because: Only the keys are copied into the index.
#: changes: gap 1
-            "Projection": {"ProjectionType": "ALL"},
+            "Projection": {"ProjectionType": "KEYS_ONLY"},
