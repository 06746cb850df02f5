#: breaks: other-errors
#: expects: Nothing was started, but your function reports success
#: because: "This isn't an error" is taken to cover every error.
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
        states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(event))
    except Exception:
        try:
            states.redrive_execution(executionArn=execution)
        except Exception:
            pass
    return {"execution": execution}
