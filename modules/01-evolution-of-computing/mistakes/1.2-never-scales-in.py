#: breaks: used
#: expects: never scales in
#: because: The cooldown waits for a quiet that never comes, so the number only grows.
#: fills: gap 1
    busiest = max(minute.per_s for minute in history[-10:])
    needed = max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
    return max(needed, history[-1].wanted)
