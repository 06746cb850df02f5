#: breaks: no-refusal
#: expects: Two versions with 7 environments and the report's 2 sessions want 16 seats.*How do you round\?
#: because: Half a seat is thought to be enough for an environment.
kept = seats["superuser_reserved_connections"] + seats["reserved_connections"]
_ = functions.put_function_concurrency(
    FunctionName="orders", ReservedConcurrentExecutions=-(-(seats["max_connections"] - kept - 2) // 2)
)
