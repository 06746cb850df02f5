#: expects: before any deployment.*Not every seat is open
#: because: max_connections is taken for the number of the function's seats.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=seats["max_connections"])
