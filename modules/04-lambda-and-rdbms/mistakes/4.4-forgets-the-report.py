#: breaks: report
#: expects: Two versions with 7 environments and the report's 2 sessions want 16 seats.*share only 15
#: because: The function is thought to be the only client.
kept = seats["superuser_reserved_connections"] + seats["reserved_connections"]
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=(seats["max_connections"] - kept) // 2)
