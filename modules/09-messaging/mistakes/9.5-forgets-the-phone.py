#: breaks: web-and-phone
#: expects: hikari-web-team does not get orders that it wants
#: because: names one of the two channels
#: changes: gap 1
-    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
+    "hikari-web-team": {"FilterPolicy": json.dumps({"channel": ["web"]})},
