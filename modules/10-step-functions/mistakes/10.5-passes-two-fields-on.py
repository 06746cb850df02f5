#: breaks: event
#: expects: The event of ledger is not the order.*came back: \[\{[^}]*"amount_yen": \d+\}\] as an event
#: because: The function is thought to need only the two fields of the example.
#: changes: gap 1
-    "Arguments": {"FunctionName": "ledger", "Payload": "{% $states.input %}"},
+    "Arguments": {
+        "FunctionName": "ledger",
+        "Payload": {
+            "order_id": "{% $states.input.order_id %}",
+            "amount_yen": "{% $states.input.amount_yen %}",
+        },
+    },
