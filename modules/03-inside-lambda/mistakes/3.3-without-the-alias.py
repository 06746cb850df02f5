#: breaks: through-the-alias
#: expects: No call came through the alias
#: because: The function is called by its name alone; the alias is thought to stand in the way of every call.
#: replaces: 2
#: fills: gap 1
    failed = False
    for _ in range(event["calls"]):
        answer = functions.invoke(FunctionName=event["function"])
        if answer["ExecutedVersion"] == new:
            failed = failed or "FunctionError" in answer
    functions.update_alias(FunctionName=event["function"], Name=event["alias"], FunctionVersion=old if failed else new,
                           RoutingConfig={"AdditionalVersionWeights": {}})
    return {"action": "rolled back" if failed else "promoted"}
