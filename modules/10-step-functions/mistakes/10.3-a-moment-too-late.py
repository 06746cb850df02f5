#: breaks: at-once
#: expects: one of them comes a moment too late
#: because: Nothing is expected to happen between the look and the redrive.
#: changes: gap 1
-            with contextlib.suppress(states.exceptions.ExecutionNotRedrivable):
-                states.redrive_execution(executionArn=execution)  # unless another call was faster
+            states.redrive_execution(executionArn=execution)
