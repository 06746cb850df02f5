#: breaks: event
#: expects: The event of ledger is not the order.*\{"order": 
#: because: The order is put into a field of the event.
#: changes: gap 1
-    "Arguments": {"FunctionName": "ledger", "Payload": "{% $states.input %}"},
+    "Arguments": {"FunctionName": "ledger", "Payload": {"order": "{% $states.input %}"}},
