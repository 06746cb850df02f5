#: breaks: as-high
#: expects: The limit is too cautious
#: because: To be on the safe side; the customers pay for it.
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=3)
