#: breaks: our-fault
#: expects: the status blames the client
#: because: One except for everything is thought to be safest.
#: changes: gap 1
-    try:
-        order = json.loads(event.get("body") or "")
-    except ValueError:
-        return answer(400, {"message": "the body is not JSON"})
-    if problem := wrong_with(order):
-        return answer(400, {"message": problem})
-    store(order)
-    return answer(201, order)
+    try:
+        order = json.loads(event.get("body") or "")
+        if problem := wrong_with(order):
+            return answer(400, {"message": problem})
+        store(order)
+        return answer(201, order)
+    except Exception as error:
+        return answer(400, {"message": str(error)})
