#: breaks: failed
#: expects: "lamp" isn't from this execution's input.*came back: \[\{"lamp": "Kage"
#: because: The lamp whose job fails in the lab is written into the Catch.
#: changes: gap 1
-        {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell Failed"}
+        {"ErrorEquals": ["States.ALL"], "Output": {"lamp": "Kage"}, "Next": "Tell Failed"}
