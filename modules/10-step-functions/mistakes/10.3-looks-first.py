#: expects: The same order has two executions
#: because: It looks for an execution first; two calls at once both find none.
#: when: nightly
%%writefile start.py
import json
import os

import boto3

states = boto3.client("stepfunctions")


def handler(event, context):
    machine = os.environ["MACHINE"]
    for old in states.list_executions(stateMachineArn=machine)["executions"]:
        arn = old["executionArn"]
        if json.loads(states.describe_execution(executionArn=arn)["input"]) == event:
            if old["status"] == "FAILED":
                states.redrive_execution(executionArn=arn)
            return {"execution": arn}
    started = states.start_execution(stateMachineArn=machine, input=json.dumps(event))
    return {"execution": started["executionArn"]}
