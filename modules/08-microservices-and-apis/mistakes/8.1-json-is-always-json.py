#: expects: blames our service for the client's fault
#: because: Who calls an API is thought to send JSON.
#: changes: gap 1
-    try:
-        order = json.loads(event.get("body") or "")
-    except ValueError:
-        return answer(400, {"message": "the body is not JSON"})
+    order = json.loads(event["body"])
