#: breaks: only-one-version
#: expects: weights are still in place
#: because: Going back is thought to be done when the alias names the old version.
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
        if answer["ExecutedVersion"] == new and "FunctionError" in answer:
            failed = True
    if failed:
        functions.update_alias(FunctionName=name, Name=live, FunctionVersion=old)
        return {"action": "rolled back"}
    functions.update_alias(
        FunctionName=name, Name=live, FunctionVersion=new, RoutingConfig={"AdditionalVersionWeights": {}}
    )
    return {"action": "promoted"}
