#: breaks: used
#: expects: Too much capacity is idle
#: because: Three times the demand is kept ready, to be sure.
#: fills: gap 1
    have = history[-1].wanted
    busiest = max(minute.per_s for minute in history[-10:])
    needed = max(2, math.ceil(3 * busiest / PER_SERVER_S))
    stayed = all(minute.wanted == have for minute in history[-15:])
    return have if needed < have and not stayed else needed
