#: breaks: over-http
#: expects: Orders did not ask the stock service at STOCK_API
#: because: A function is thought to be called by its name.
#: fills: gap 1
    from botocore.config import Config
    client = boto3.client("lambda", config=Config(read_timeout=2, retries={"total_max_attempts": 1}))
    try:
        reply = client.invoke(FunctionName="stock", Payload=json.dumps({"body": json.dumps(order)}))
        status = json.loads(reply["Payload"].read()).get("statusCode", 500)
    except Exception:
        status = 500
    if status == 409:
        return answer(409, {"message": "sold out"})
    if status not in (200, 201):
        return answer(503, {"message": "later"})
    store(order)
    return answer(201, order)
