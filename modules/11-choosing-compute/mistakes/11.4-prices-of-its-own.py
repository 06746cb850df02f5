#: breaks: prices
#: expects: matches the prices of another Region
#: because: The prices of us-east-1 are written into the code.
%%writefile review.py
from month import month_usd

MOST = 1000
US_EAST_1 = {
    "lambda_request_usd": 2e-07,
    "lambda_gb_s_usd": 1.66667e-05,
    "http_api_request_usd": 1e-06,
    "fargate_vcpu_hour_usd": 0.04048,
    "fargate_gb_hour_usd": 0.004445,
    "load_balancer_hour_usd": 0.0225,
    "load_balancer_unit_hour_usd": 0.008,
}


def handler(event, context):
    return {"times": first_time(event["workload"], event["prices"])}


def first_time(work, prices):
    prices = US_EAST_1
    for times in range(1, MOST + 1):
        more = dict(work)
        for key in ("requests", "busy_per_s", "quiet_per_s", "load_balancer_units"):
            more[key] = work[key] * times
        if month_usd(more, "fargate", prices) < month_usd(more, "lambda", prices):
            return times
    return None
