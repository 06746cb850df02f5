#: expects: Your limit counts the administrators' reserved seats as free
#: because: The seats that are kept for administrators count as free.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=(seats["max_connections"] - 2) // 2)
