#: expects: the memory of the functions does not count
#: because: Lambda bills time
#: fills: gap 1
    calls = sum(use.calls for use in record.functions)
    gb_s = sum(use.billed_ms / 1000 for use in record.functions)
    transitions = sum(record.executions.values()) * sum(record.transitions) / len(record.transitions)
    usd = {
        "Lambda, requests": calls * table.each_usd("lambda-requests"),
        "Lambda, duration": gb_s * table.each_usd("lambda-x86-tier-1"),
        "Step Functions": transitions * table.each_usd("step-functions-transitions"),
    }
    return {what: 1000 * value / record.orders for what, value in usd.items()}
