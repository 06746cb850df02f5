#: breaks: all-variables
#: expects: has lost a variable that it needs
#: because: The learner expects the call to add variables, but it replaces all of them.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables = {"DB_HOST": proxy_host, "DB_PORT": str(proxy_port)}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
