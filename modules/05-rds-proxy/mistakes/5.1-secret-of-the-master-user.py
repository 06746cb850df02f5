#: breaks: login
#: expects: refuses the function's login
#: because: The learner puts the master user's login into the secret, but the function logs in as orders_app.
#: changes: gap 1
-    SecretString=json.dumps({"username": "orders_app", "password": ORDERS_APP_PASSWORD}),
+    SecretString=json.dumps({"username": "hikari", "password": database.passwords["hikari"]}),
