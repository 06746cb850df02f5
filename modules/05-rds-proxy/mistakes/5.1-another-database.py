#: breaks: only-the-address
#: expects: another user, password or database than the lab's.*does not exist.*Change only the address
#: because: The learner takes DB_NAME for the name of the DB instance, so PostgreSQL has no such database.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables |= {"DB_HOST": proxy_host, "DB_PORT": str(proxy_port), "DB_NAME": "orders-db"}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
