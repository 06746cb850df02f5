#: breaks: turns
#: expects: The rule flaps.*Compare with wanted
#: because: The learner compares the need with the servers that run, not with the servers that the rule has asked for.
#: fills: gap 1
    recent = [minute.per_s for minute in history[-5:]]
    needed = max(2, math.ceil(1.6 * sum(recent) / len(recent) / PER_SERVER_S))
    have = history[-1].running
    if needed < have and any(minute.running != have for minute in history[-15:]):
        return have
    return needed
