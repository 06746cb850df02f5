#: breaks: message
#: expects: nothing tells a human what
#: because: The status says it all.
#: changes: gap 1
-        return answer(400, {"message": problem})
+        return answer(400, {"error": problem})
