#: breaks: other-errors
#: expects: although it can't know whether the order is paid
#: because: A payment that failed is taken for one that did nothing.
#: replaces: 2
%%writefile checkout.py
import json
import random
import time

import boto3
from botocore.config import Config

functions = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))


def charge(order, context):
    print("asking for payment,", context.get_remaining_time_in_millis(), "ms left")
    answer = functions.invoke(FunctionName="hikari-payment", Payload=json.dumps(order))
    if "FunctionError" in answer:
        raise RuntimeError("payment failed")


def handler(event, context):
    wait_s = 0.1
    while context.get_remaining_time_in_millis() > 1000 * wait_s + 1000:
        try:
            charge(event, context)
            return {"paid": True}
        except RuntimeError:
            break
        except functions.exceptions.TooManyRequestsException:
            time.sleep(wait_s)
            wait_s *= 2
    return {"paid": False, "reason": "busy"}
