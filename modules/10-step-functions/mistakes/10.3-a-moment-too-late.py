#: expects: one of them comes a moment too late
#: because: Between the look and the redrive nothing is thought to happen.
#: changes: gap 1
-            with contextlib.suppress(states.exceptions.ExecutionNotRedrivable):
-                states.redrive_execution(executionArn=execution)  # unless another call was quicker
+            states.redrive_execution(executionArn=execution)
