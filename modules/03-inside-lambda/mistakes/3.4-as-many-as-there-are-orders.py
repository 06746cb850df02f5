#: breaks: five-at-once
#: expects: limit on hikari-payment isn't five
#: because: The limit is chosen by what is wished for, not by what the bank takes.
deploy("hikari-payment", "payment.py")
functions.put_function_concurrency(FunctionName="hikari-payment", ReservedConcurrentExecutions=15)
