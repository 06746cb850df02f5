#: breaks: told
#: expects: The shop hears nothing.*came back: no message; the execution: FAILED, States\.QueryEvaluationError
#: because: After a Catch the next state's input is the error, not the input of the state that failed.
#: changes: gap 1
-    {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+    {"ErrorEquals": ["States.ALL"], "Next": "Tell"}
