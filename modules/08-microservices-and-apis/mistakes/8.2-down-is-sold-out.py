#: breaks: any-error
#: expects: told that the lamp is sold out
#: because: Whatever stock says but yes is taken for: no lamps.
#: changes: gap 1
-        if refusal.code == 409:
-            return answer(409, {"message": "sold out"})
-        return answer(503, {"message": "Try again later, with the same order_key."})
+        return answer(409, {"message": "sold out"})
