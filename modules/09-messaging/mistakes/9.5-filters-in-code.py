#: breaks: sns-filters
#: expects: hikari-web-team gets every order
#: because: leaves the filtering to the department: each copy is paid for
#: changes: gap 1
-    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
+    "hikari-web-team": {},
