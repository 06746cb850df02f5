#: breaks: address
#: expects: bypasses the proxy
#: because: The address goes into a variable that the handler doesn't read.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables |= {"PROXY_HOST": proxy_host, "PROXY_PORT": str(proxy_port)}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
