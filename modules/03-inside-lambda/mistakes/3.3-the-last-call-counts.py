#: breaks: one-failure-counts
#: expects: fails once in a while
#: because: Each call overwrites what the guard knew of the one before.
#: replaces: 2
#: fills: gap 1
    failed = False
    for _ in range(event["calls"]):
        answer = functions.invoke(FunctionName=event["function"], Qualifier=event["alias"])
        if answer["ExecutedVersion"] == new:
            failed = "FunctionError" in answer
    functions.update_alias(FunctionName=event["function"], Name=event["alias"], FunctionVersion=old if failed else new,
                           RoutingConfig={"AdditionalVersionWeights": {}})
    return {"action": "rolled back" if failed else "promoted"}
