#: breaks: five-at-once
#: expects: limit is on the checkout
#: because: The caller is limited, in place of what must be protected.
deploy("hikari-payment", "payment.py")
deploy("hikari-checkout", "payment.py")  # made ahead; it gets its own code below
functions.put_function_concurrency(FunctionName="hikari-checkout", ReservedConcurrentExecutions=5)
