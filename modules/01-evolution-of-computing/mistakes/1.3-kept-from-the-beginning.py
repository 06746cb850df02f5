#: breaks: gone
#: expects: count keep_s from the start of a request
#: because: The clock of keep_s runs from the arrival.
%%writefile per_request.py
def bill(arrivals_s, service_s, init_s, keep_s):
    free_from_s = []
    cold_starts, billed_s = 0, 0.0
    for now_s in arrivals_s:
        free_from_s = [free_s for free_s in free_from_s if now_s < free_s - service_s + keep_s]
        idle = [free_s for free_s in free_from_s if free_s <= now_s]
        if idle:
            free_from_s.remove(max(idle))
            busy_s = service_s
        else:
            cold_starts += 1
            busy_s = init_s + service_s
        free_from_s.append(now_s + busy_s)
        billed_s += busy_s
    return {"cold_starts": cold_starts, "billed_s": billed_s}
