#: breaks: sold-out
#: expects: Sold out is not an outage
#: because: HTTPError is a kind of OSError, and one except line for both is thought to be enough.
#: changes: gap 1
-    except urllib.error.HTTPError as refusal:
-        if refusal.code == 409:
-            return answer(409, {"message": "sold out"})
-        return answer(503, {"message": "Try again later, with the same order_key."})
