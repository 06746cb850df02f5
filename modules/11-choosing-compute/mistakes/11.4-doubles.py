#: breaks: every-multiple
#: expects: search jumps over the answer
#: because: A rough answer is enough: 1, 2, 4, 8 and so on.
%%writefile review.py
from month import month_usd

MOST = 1000


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    for times in (2**n for n in range(11)):
        more = dict(work)
        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
            more[key] = work[key] * times
        if month_usd(more, "fargate", prices) < month_usd(more, "lambda", prices):
            return times
    return None
