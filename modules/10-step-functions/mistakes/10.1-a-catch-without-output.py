#: expects: Nobody is told.*came back: no message; the execution: FAILED, States\.QueryEvaluationError.*what the state that sends the message gets
#: because: After a Catch the input is taken to be that of before; it is the error.
#: changes: gap 1
-                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell Failed"}
+                {"ErrorEquals": ["States.ALL"], "Next": "Tell Failed"}
