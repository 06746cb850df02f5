#: breaks: no-error
#: expects: An order that arrives twice isn't an error
#: because: The name is used, and the refusal goes to the caller.
%%writefile start.py
import json
import os

import boto3

states = boto3.client("stepfunctions")


def handler(event, context):
    machine = os.environ["MACHINE"]
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(event | {"request": context.aws_request_id}), name=event["order_id"] + "-1")
    return {"execution": started["executionArn"]}
