#: breaks: any-error
#: expects: the handler fails because of it
#: because: What is not 409 is left to the runtime.
#: changes: gap 1
             return answer(409, {"message": "sold out"})
-        return answer(503, {"message": "Try again later, with the same order_key."})
+        raise
