#: breaks: idle-first
#: expects: count each request as a cold start
#: because: A function is thought to start anew for each call.
%%writefile per_request.py
def bill(arrivals_s, service_s, init_s, keep_s):
    count = len(arrivals_s)
    return {"cold_starts": count, "billed_s": count * (init_s + service_s)}
