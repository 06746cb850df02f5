#: breaks: login
#: expects: logs in as a user other than orders_app
#: because: Function and proxy both use the master user. That works, but gives them every right.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables |= {"DB_HOST": proxy_host, "DB_PORT": str(proxy_port), "DB_USER": "hikari", "DB_PASSWORD": database.passwords["hikari"]}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
login = {"username": "hikari", "password": database.passwords["hikari"]}
secrets.put_secret_value(SecretId="orders-proxy-login", SecretString=json.dumps(login))
