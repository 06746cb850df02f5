#: breaks: other-errors
#: expects: could not make the execution continue, but it reports success.*came back: \{"execution":
#: because: Every error of the redrive is taken to mean that another call was quicker.
#: changes: gap 1
-            with contextlib.suppress(states.exceptions.ExecutionNotRedrivable):
+            with contextlib.suppress(Exception):
