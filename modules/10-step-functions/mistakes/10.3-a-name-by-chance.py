#: breaks: starts-nothing
#: expects: The same order has more than one execution
#: because: Step Functions is thought to know that it is the same order.
%%writefile start.py
import json
import os

import boto3

states = boto3.client("stepfunctions")


def handler(event, context):
    machine = os.environ["MACHINE"]
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(event))
    return {"execution": started["executionArn"]}
