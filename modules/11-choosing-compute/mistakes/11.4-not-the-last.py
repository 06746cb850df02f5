#: breaks: through-1000
#: expects: 1000 times is the last multiple to try
#: because: range ends at its second number.
%%writefile review.py
from month import month_usd

MOST = 1000


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    for times in range(1, MOST):
        more = dict(work)
        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
            more[key] = work[key] * times
        if month_usd(more, "fargate", prices) < month_usd(more, "lambda", prices):
            return times
    return None
