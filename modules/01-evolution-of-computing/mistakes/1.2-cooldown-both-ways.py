#: breaks: orders-at-once
#: expects: the rule waits before it orders more
#: because: The cooldown keeps it from growing, too.
#: fills: gap 1
    have = history[-1].wanted
    busiest = max(minute.per_s for minute in history[-10:])
    needed = max(2, math.ceil(1.3 * busiest / PER_SERVER_S))
    stayed = all(minute.wanted == have for minute in history[-30:])
    return needed if stayed else have
