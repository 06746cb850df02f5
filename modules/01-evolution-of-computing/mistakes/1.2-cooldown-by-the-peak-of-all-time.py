#: breaks: used
#: expects: never scales in
#: because: The busiest minute since midnight decides, all day.
#: fills: gap 1
    busiest = max(minute.per_s for minute in history)
    return max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
