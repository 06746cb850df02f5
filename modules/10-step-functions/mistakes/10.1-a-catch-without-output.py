#: breaks: failed
#: expects: The shop hears nothing.*came back: no message; the execution: FAILED, States\.QueryEvaluationError.*which input the state that sends the message gets
#: because: After a Catch the next state's input is the error, not the input of the state that failed.
#: changes: gap 1
-        {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell Failed"}
+        {"ErrorEquals": ["States.ALL"], "Next": "Tell Failed"}
