#: breaks: stopped
#: expects: does not continue\. .*whose execution was stopped.*came back: ABORTED
#: because: Only an execution that has failed is expected to go on.
#: changes: gap 1
-        if status in ("FAILED", "TIMED_OUT", "ABORTED"):
+        if status == "FAILED":
