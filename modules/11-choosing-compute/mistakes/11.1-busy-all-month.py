#: breaks: quiet-hours
#: expects: run all month
#: because: The tasks of the busiest hour are there at night, too.
%%writefile month.py
import math

HOURS_A_MONTH = 730


def handler(event, context):
    return {"usd": month_usd(event["workload"], event["service"], event["prices"])}


def month_usd(work, service, prices):
    if service == "lambda":
        gb_s = work["requests"] * work["duration_ms"] / 1000 * work["memory_mb"] / 1024
        usd = work["requests"] * prices["lambda_request_usd"] + gb_s * prices["lambda_gb_s_usd"]
        if work["http"]:
            usd += work["requests"] * prices["http_api_request_usd"]
        return usd
    task_hours = HOURS_A_MONTH * tasks(work, work["busy_per_s"])
    vcpu_usd = work["task_vcpu"] * prices["fargate_vcpu_hour_usd"]
    usd = task_hours * (vcpu_usd + work["task_gb"] * prices["fargate_gb_hour_usd"])
    if work["http"]:
        units_usd = work["load_balancer_units"] * prices["load_balancer_unit_hour_usd"]
        usd += HOURS_A_MONTH * (prices["load_balancer_hour_usd"] + units_usd)
    return usd


def tasks(work, per_s):
    at_once = per_s * work["duration_ms"] / 1000
    needed = at_once / (work["at_once_per_task"] * work["most_busy"])
    return max(work["least_tasks"], math.ceil(needed))
