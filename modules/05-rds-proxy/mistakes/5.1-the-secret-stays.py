#: breaks: login
#: expects: refuses the function's login.*The password that was provided for the role orders_app is wrong
#: because: The proxy says that the client's password is wrong, so the learner looks for the fault in the function.
#: changes: gap 1
-secrets.put_secret_value(
-    SecretId="orders-proxy-login",
-    SecretString=json.dumps({"username": "orders_app", "password": ORDERS_APP_PASSWORD}),
-)
 rds.modify_db_proxy_target_group(
