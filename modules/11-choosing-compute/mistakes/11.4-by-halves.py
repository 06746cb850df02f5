#: breaks: every-multiple
#: expects: but not for the first time
#: because: Once Fargate costs less, it does so for ever: a search by halves finds the place.
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

    low, high = 1, MOST
    while low < high:
        middle = (low + high) // 2
        if pays(middle):
            high = middle
        else:
            low = middle + 1
    return low if pays(low) else None
