#: breaks: two-versions
#: expects: There are seats for only one version
#: because: The environments of the old version are forgotten; reserved concurrency does not count them.
kept = seats["superuser_reserved_connections"] + seats["reserved_connections"]
_ = functions.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=seats["max_connections"] - kept - 2)
