#: breaks: one-after-another
#: expects: several calls at the same time
#: because: The learner wants the guard to be done sooner.
#: replaces: 2
#: fills: gap 1
    from concurrent.futures import ThreadPoolExecutor

    def call(_):
        return functions.invoke(FunctionName=event["function"], Qualifier=event["alias"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(event["calls"])))
    failed = any(answer["ExecutedVersion"] == new and "FunctionError" in answer for answer in answers)
    functions.update_alias(
        FunctionName=event["function"],
        Name=event["alias"],
        FunctionVersion=old if failed else new,
        RoutingConfig={"AdditionalVersionWeights": {}},
    )
    return {"action": "rolled back" if failed else "promoted"}
