#: breaks: too-long
#: expects: does not continue\. .*whose execution took too long.*came back: TIMED_OUT
#: because: An execution that took too long is thought to be over for good.
#: changes: gap 1
-        if status in ("FAILED", "TIMED_OUT", "ABORTED"):
+        if status in ("FAILED", "ABORTED"):
