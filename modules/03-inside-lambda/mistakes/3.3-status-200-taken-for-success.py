#: breaks: one-failure-counts
#: expects: promoted a version that fails
#: because: HTTP 200 is taken for a call that worked.
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
        if answer["ExecutedVersion"] == new and answer["StatusCode"] != 200:
            failed = True
    functions.update_alias(
        FunctionName=name,
        Name=live,
        FunctionVersion=old if failed else new,
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    return {"action": "rolled back" if failed else "promoted"}
