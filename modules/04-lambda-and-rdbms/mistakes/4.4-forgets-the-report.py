#: expects: Your limit leaves no seats for the sales report
#: because: The function is thought to be the only client.
kept = seats["superuser_reserved_connections"] + seats["reserved_connections"]
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=(seats["max_connections"] - kept) // 2)
