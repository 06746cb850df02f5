#: breaks: less
#: expects: first multiple at which Lambda costs less
#: because: The comparison is turned round.
%%writefile review.py
from month import month_usd

MOST = 1000


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    for times in range(1, MOST + 1):
        more = dict(work)
        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
            more[key] = work[key] * times
        if month_usd(more, "fargate", prices) > month_usd(more, "lambda", prices):
            return times
    return None
