#: breaks: retries
#: expects: An order isn't paid, although payment had room again
#: because: Busy is taken for a final answer.
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
    try:
        charge(event, context)
        return {"paid": True}
    except functions.exceptions.TooManyRequestsException:
        return {"paid": False, "reason": "busy"}
