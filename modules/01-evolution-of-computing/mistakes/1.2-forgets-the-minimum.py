#: expects: forgets the minimum
#: because: Nobody comes, so no server is kept.
#: fills: gap 1
    have = history[-1].wanted
    busiest = max(minute.per_s for minute in history[-10:])
    needed = math.ceil(1.5 * busiest / PER_SERVER_S)
    stayed = all(minute.wanted == have for minute in history[-15:])
    return have if needed < have and not stayed else needed
