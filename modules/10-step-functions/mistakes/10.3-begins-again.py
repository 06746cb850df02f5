#: breaks: once
#: expects: The money was taken 2 times
#: because: After a failure a new execution begins, and pays again.
%%writefile start.py
import json
import os

import boto3

states = boto3.client("stepfunctions")


def handler(event, context):
    machine = os.environ["MACHINE"]
    name = event["order_id"]
    execution = machine.replace(":stateMachine:", ":execution:") + ":" + name
    try:
        states.start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(event, sort_keys=True)
        )
    except states.exceptions.ExecutionAlreadyExists:
        status = states.describe_execution(executionArn=execution)["status"]
        if status in ("FAILED", "TIMED_OUT", "ABORTED"):
            again = states.start_execution(
                stateMachineArn=machine, name=name + "-again", input=json.dumps(event)
            )
            return {"execution": again["executionArn"]}
    return {"execution": execution}
