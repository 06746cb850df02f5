#: expects: the rule is always too late
#: because: The rule fits the present minute, and what it orders serves in five.
#: fills: gap 1
    have = history[-1].wanted
    needed = max(2, math.ceil(history[-1].per_s / PER_SERVER_S))
    stayed = all(minute.wanted == have for minute in history[-15:])
    return have if needed < have and not stayed else needed
