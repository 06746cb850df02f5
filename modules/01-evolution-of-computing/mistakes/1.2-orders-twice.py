#: breaks: used
#: expects: forgets the servers that are already starting
#: because: The need is compared with the servers that run, and those that start are forgotten.
#: fills: gap 1
    now = history[-1]
    mean = sum(minute.per_s for minute in history[-5:]) / len(history[-5:])
    needed = max(2, math.ceil(1.3 * mean / PER_SERVER_S))
    if needed > now.running:
        return now.wanted + needed - now.running
    stayed = all(minute.wanted == now.wanted for minute in history[-15:])
    return needed if stayed else now.wanted
