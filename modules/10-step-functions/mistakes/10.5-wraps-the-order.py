#: breaks: event
#: expects: does not have one string per order
#: because: The order is put into a field of the event.
#: changes: gap 1
-    "Arguments": {"FunctionName": "ledger", "Payload": "{% $states.input %}"},
+    "Arguments": {"FunctionName": "ledger", "Payload": {"order": "{% $states.input %}"}},
