#: breaks: clients-fault
#: expects: blames our service for the client's fault
#: because: An exception is thought to be answer enough for a wrong order.
#: changes: gap 1
-        return answer(400, {"message": problem})
+        raise ValueError(problem)
