#: breaks: any-error
#: expects: the customer gets stock's status
#: because: Stock knows best what went wrong.
#: changes: gap 1
-        if refusal.code == 409:
-            return answer(409, {"message": "sold out"})
-        return answer(503, {"message": "Try again later, with the same order_key."})
+        return answer(refusal.code, {"message": "stock says no"})
