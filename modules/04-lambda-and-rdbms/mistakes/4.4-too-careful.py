#: expects: The limit is too careful
#: because: To be on the safe side; the customers pay for it.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=3)
