#: breaks: no-refusal
#: expects: even before the deployment.*can't take every seat
#: because: max_connections is taken for the number of the function's seats.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=seats["max_connections"])
