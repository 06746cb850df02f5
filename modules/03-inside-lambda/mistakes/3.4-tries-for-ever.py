#: breaks: gives-up
#: expects: retries until Lambda stops it
#: because: A refusal is expected to end some time.
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
    while True:
        try:
            charge(event, context)
            return {"paid": True}
        except functions.exceptions.TooManyRequestsException:
            time.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s *= 2
