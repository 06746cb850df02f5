#: breaks: safe
#: expects: says 202 before the order is safe
#: because: the client shall not be bothered by trouble with the queue
#: fills: gap 1
    if event["routeKey"] == "GET /orders/{order_id}":
        item = projection.get_item(Key={"order_id": event["pathParameters"]["order_id"]}).get("Item")
        if item is None:
            return reply(404, {"message": "unknown"})
        return reply(200, {"order_id": item["order_id"], "status": item["status"]})
    try:
        body = read(event)
        order = {name: body[name] for name in ("order_id", "customer", "lamp", "quantity")}
    except (ValueError, KeyError, TypeError):
        return reply(400, {"message": "no order"})
    texts = all(isinstance(order[name], str) and order[name] for name in ("order_id", "customer", "lamp"))
    if not texts or not re.fullmatch(r"[A-Za-z0-9-]{1,40}", order["order_id"]):
        return reply(400, {"message": "order_id, customer and lamp are texts"})
    if type(order["quantity"]) is not int or not 1 <= order["quantity"] <= 1000:
        return reply(400, {"message": "quantity is a whole number from 1 to 1,000"})
    try:
        sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
    except Exception as error:
        print("the queue is away:", error)
    return reply(202, {"order_id": order["order_id"]})
