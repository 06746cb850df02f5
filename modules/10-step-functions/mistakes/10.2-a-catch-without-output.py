#: expects: Nobody is told.*came back: no message; the execution: FAILED, States\.QueryEvaluationError
#: because: After a Catch the input is taken to be that of before; it is the error.
#: when: nightly
#: changes: gap 1
-                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "Tell"}
+                {"ErrorEquals": ["States.ALL"], "Next": "Tell"}
