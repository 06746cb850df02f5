#: expects: Seats that are kept for administrators count
#: because: The seats that are kept for administrators count as free.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=(seats["max_connections"] - 2) // 2)
