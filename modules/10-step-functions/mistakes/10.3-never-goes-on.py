#: breaks: failed
#: expects: The order's execution does not succeed\.
#: because: A name that is taken is thought to be enough.
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
        pass
    return {"execution": execution}
