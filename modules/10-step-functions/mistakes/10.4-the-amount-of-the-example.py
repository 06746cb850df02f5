#: breaks: amount
#: expects: The question doesn't have the order's amount
#: because: The amount of the example is written into the definition.
#: changes: gap 1
-    "amount_yen": "{% $states.input.amount_yen %}",
+    "amount_yen": 4100,
