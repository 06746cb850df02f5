#: breaks: one-at-a-time
#: expects: One environment serves everything
#: because: An environment is taken for a server with many threads.
%%writefile per_request.py
def bill(arrivals_s, service_s, init_s, keep_s):
    cold_starts, billed_s, last_s = 0, 0.0, None
    for now_s in arrivals_s:
        if last_s is None or now_s >= last_s + keep_s:
            cold_starts += 1
            billed_s += init_s
        billed_s += service_s
        last_s = now_s
    return {"cold_starts": cold_starts, "billed_s": billed_s}
