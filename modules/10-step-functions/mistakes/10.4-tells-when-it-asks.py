#: breaks: one-message
#: expects: There are 2 messages about this
#: because: The shop should hear that a refund is under way.
#: changes: gap 1
-    "StartAt": "Ask",
-    "States": {
+    "StartAt": "Tell",
+    "States": {
+        "Tell": {k: v for k, v in tells("asked").items() if k != "End"} | {"Output": "{% $states.input %}", "Next": "Ask"},
