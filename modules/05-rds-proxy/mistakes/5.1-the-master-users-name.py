#: breaks: only-the-address
#: expects: another user, password or database than the lab's.*the role hikari.*Change only the address
#: because: The learner lets the function log in as the master user, whom the proxy's secret doesn't name.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables |= {"DB_HOST": proxy_host, "DB_PORT": str(proxy_port), "DB_USER": "hikari"}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
