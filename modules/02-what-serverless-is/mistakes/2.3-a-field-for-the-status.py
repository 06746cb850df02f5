#: breaks: same-line
#: expects: has more in it than on Python 3.9
#: because: The learner spares callers from cutting the status out of the line.
#: changes: gap 1
-    return {"line": f"{event['order']}: {event['total_yen']} yen, {status.value}"}
+    return {"line": f"{event['order']}: {event['total_yen']} yen, {status.value}", "status": status.value}
