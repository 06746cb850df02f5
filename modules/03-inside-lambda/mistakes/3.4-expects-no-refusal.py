#: breaks: retries
#: expects: An order isn't paid.*TooManyRequestsException
#: because: A refused call is not expected at all.
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
    charge(event, context)
    return {"paid": True}
