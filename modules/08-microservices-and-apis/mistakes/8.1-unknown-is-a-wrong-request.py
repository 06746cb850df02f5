#: breaks: unknown
#: expects: The status for an unknown order means something else
#: because: All faults of the client are thought to be 400.
#: changes: gap 1
-        return answer(200, order) if order else answer(404, {"message": "no such order"})
+        return answer(200, order) if order else answer(400, {"message": "no such order"})
