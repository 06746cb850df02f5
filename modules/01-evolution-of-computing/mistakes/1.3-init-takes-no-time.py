#: breaks: first-longer
#: expects: cold start takes no time
#: because: Init is billed, and the environment is free too soon.
%%writefile per_request.py
def bill(arrivals_s, service_s, init_s, keep_s):
    free_from_s = []
    cold_starts, billed_s = 0, 0.0
    for now_s in arrivals_s:
        free_from_s = [free_s for free_s in free_from_s if now_s < free_s + keep_s]
        idle = [free_s for free_s in free_from_s if free_s <= now_s]
        if idle:
            free_from_s.remove(max(idle))
        else:
            cold_starts += 1
            billed_s += init_s
        free_from_s.append(now_s + service_s)
        billed_s += service_s
    return {"cold_starts": cold_starts, "billed_s": billed_s}
