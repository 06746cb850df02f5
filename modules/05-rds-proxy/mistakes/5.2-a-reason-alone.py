#: breaks: answers
#: expects: the customer doesn't get the same answer as before.*came back: .*"reason"
#: because: A reason is thought to say that nothing was counted, so the answer leaves out found.
#: replaces: 2
#: changes: gap 1
-        return {"found": None, "reason": "too slow"}
+        return {"reason": "too slow"}
