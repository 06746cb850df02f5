#: breaks: old-failures-do-not-count
#: expects: blames the new version for errors of the old version
#: because: Every error is thought to be the new version's.
#: replaces: 2
%%writefile guard.py
import json

import boto3

functions = boto3.client("lambda")


def handler(event, context):
    name, live = event["function"], event["alias"]
    alias = functions.get_alias(FunctionName=name, Name=live)
    old = alias["FunctionVersion"]
    (new,) = alias["RoutingConfig"]["AdditionalVersionWeights"]
    failed = False
    for number in range(event["calls"]):
        answer = functions.invoke(FunctionName=name, Qualifier=live)
        if "FunctionError" in answer:
            failed = True
    functions.update_alias(
        FunctionName=name,
        Name=live,
        FunctionVersion=old if failed else new,
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    return {"action": "rolled back" if failed else "promoted"}
