#: breaks: busy
#: expects: doesn't say that it is busy
#: because: Not paid seems to say enough.
#: replaces: 2
#: changes: gap 1
-    return {"paid": False, "reason": "busy"}
+    return {"paid": False}
