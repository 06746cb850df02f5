#: breaks: lost
#: expects: reacts too late
#: because: The mean of the whole day so far is taken for the demand.
#: fills: gap 1
    mean = sum(minute.per_s for minute in history) / len(history)
    return max(2, math.ceil(1.5 * mean / PER_SERVER_S))
