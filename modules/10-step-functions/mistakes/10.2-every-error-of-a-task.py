#: breaks: told
#: expects: The shop hears nothing.*FAILED, States\.Timeout
#: because: States.TaskFailed is thought to match every error, but a timeout has its own name.
#: changes: gap 1
-    {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+    {"ErrorEquals": ["States.TaskFailed"], "Output": "{% $states.input %}", "Next": "Tell"}
