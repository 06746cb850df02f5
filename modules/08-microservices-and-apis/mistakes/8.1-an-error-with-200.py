#: breaks: clients-fault
#: expects: the status says that all is well
#: because: The body says what is wrong; the status is thought to be about the transport.
#: changes: gap 1
-        return answer(400, {"message": "the body is not JSON"})
+        return answer(200, {"message": "the body is not JSON"})
@@
-        return answer(400, {"message": problem})
+        return answer(200, {"message": problem})
