#: breaks: busy-again
#: expects: still counts an environment as idle
#: because: What was taken is not taken out of the list.
%%writefile per_request.py
def bill(arrivals_s, service_s, init_s, keep_s):
    free_from_s = []
    cold_starts, billed_s = 0, 0.0
    for now_s in arrivals_s:
        free_from_s = [free_s for free_s in free_from_s if now_s < free_s + keep_s]
        idle = [free_s for free_s in free_from_s if free_s <= now_s]
        if idle:
            busy_s = service_s
        else:
            cold_starts += 1
            busy_s = init_s + service_s
        free_from_s.append(now_s + busy_s)
        billed_s += busy_s
    return {"cold_starts": cold_starts, "billed_s": billed_s}
