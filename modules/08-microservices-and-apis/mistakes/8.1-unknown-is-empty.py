#: breaks: unknown
#: expects: gets the same response as a stored order
#: because: No order is thought to be an answer like any other.
#: changes: gap 1
-        return answer(200, order) if order else answer(404, {"message": "no such order"})
+        return answer(200, order or {})
