#: expects: A fault of the client is told as a fault of ours
#: because: An exception is thought to be answer enough for a wrong order.
#: changes: gap 1
-        return answer(400, {"message": problem})
+        raise ValueError(problem)
