#: breaks: requests-grow
#: expects: cost stays the same as today
#: because: Fargate costs the same, Lambda grows with the requests.
%%writefile review.py
from month import month_usd

MOST = 1000


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    times = month_usd(work, "fargate", prices) / month_usd(work, "lambda", prices)
    return max(1, int(times) + 1) if times < MOST else None
