#: breaks: no-error
#: expects: ended with an error
#: because: An execution that has succeeded is redriven, too.
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
        if status != "RUNNING":
            states.redrive_execution(executionArn=execution)
    return {"execution": execution}
