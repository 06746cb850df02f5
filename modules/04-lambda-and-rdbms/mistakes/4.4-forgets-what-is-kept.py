#: breaks: administrator
#: expects: Two versions with 9 environments .* want 20 seats.*share only 15
#: because: The seats that are kept for administrators count as free.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=(seats["max_connections"] - 2) // 2)
