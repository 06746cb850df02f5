#: breaks: all-calls
#: expects: but your guard made 1[.]
#: because: One call is thought to meet the new version.
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
    answer = functions.invoke(FunctionName=name, Qualifier=new)
    failed = "FunctionError" in answer
    functions.update_alias(
        FunctionName=name,
        Name=live,
        FunctionVersion=old if failed else new,
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    return {"action": "rolled back" if failed else "promoted"}
