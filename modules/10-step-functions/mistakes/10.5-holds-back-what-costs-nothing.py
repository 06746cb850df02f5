#: breaks: output
#: expects: has recorded the order that costs 0 yen, but the output says that it is held back
#: because: The recorded amount is read as a yes or no, and 0 counts as false.
#: changes: gap 1
-    "Output": "booked",
+    "Output": "{% $states.result.Payload.booked_yen ? 'booked' : 'held back' %}",
