#: breaks: every-multiple
#: expects: but not for the first time|search jumps over the answer
#: because: Doubling shows between which numbers the place is.
%%writefile review.py
from month import month_usd

MOST = 1000


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    def pays(times):
        more = dict(work)
        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
            more[key] = work[key] * times
        return month_usd(more, "fargate", prices) < month_usd(more, "lambda", prices)

    high = 1
    while high < MOST and not pays(high):
        high = min(2 * high, MOST)
    low = high // 2 + 1 if high > 1 else 1
    while low < high:
        middle = (low + high) // 2
        if pays(middle):
            high = middle
        else:
            low = middle + 1
    return low if pays(low) else None
