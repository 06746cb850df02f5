#: breaks: every-order
#: expects: hikari-accounts does not get orders that it wants
#: because: gives the accounts the filter of the web team
#: changes: gap 1
-    "hikari-accounts": {},
+    "hikari-accounts": {"FilterPolicy": json.dumps({"channel": ["web", "phone"]})},
