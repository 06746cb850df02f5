#: breaks: orders-at-once
#: expects: the rule waits before it orders more
#: because: The cooldown of ten minutes holds for orders, too.
#: fills: gap 1
    have = history[-1].wanted
    mean = sum(minute.per_s for minute in history[-5:]) / len(history[-5:])
    needed = max(2, math.ceil(1.3 * mean / PER_SERVER_S))
    return needed if all(minute.wanted == have for minute in history[-10:]) else have
