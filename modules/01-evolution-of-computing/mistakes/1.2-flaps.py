#: breaks: turns
#: expects: flaps
#: because: There is no cooldown: each minute's chance orders and gives back.
#: fills: gap 1
    recent = [minute.per_s for minute in history[-3:]]
    return max(2, math.ceil(1.6 * sum(recent) / len(recent) / PER_SERVER_S))
