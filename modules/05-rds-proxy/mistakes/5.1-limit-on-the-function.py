#: breaks: served
#: expects: Lambda refuses customers
#: because: The reserved concurrency of lesson 04 stays in place, and turns away customers that could wait for the proxy.
#: replaces: 2
proxy_host, proxy_port = aws.database_address("orders-proxy")
variables = database.as_variables("orders_app")
variables |= {"DB_HOST": proxy_host, "DB_PORT": str(proxy_port)}
_ = functions.update_function_configuration(FunctionName="orders", Environment={"Variables": variables})
functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=10)
