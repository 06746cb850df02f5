#: breaks: not-stock
#: expects: the customer gets an error
#: because: Waiting for stock is thought to be safer than telling it.
#: fills: gap 1
    store(order)
    event = {"Records": [{"body": json.dumps(order)}]}
    boto3.client("lambda").invoke(FunctionName="stock-inbox", Payload=json.dumps(event))
    return answer(202, order)
