#: expects: A bad order \(.*\) causes an error in the shop
#: because: takes for granted that the body is an order
#: fills: gap 1
    if event["routeKey"] == "GET /orders/{order_id}":
        item = projection.get_item(Key={"order_id": event["pathParameters"]["order_id"]}).get("Item")
        if item is None:
            return reply(404, {"message": "unknown"})
        return reply(200, {"order_id": item["order_id"], "status": item["status"]})
    order = read(event)
    if missing := {"order_id", "customer", "lamp", "quantity"} - set(order):
        return reply(400, {"message": f"missing: {missing}"})
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", order["order_id"]) or order["quantity"] < 1:
        return reply(400, {"message": "no order"})
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
    return reply(202, {"order_id": order["order_id"]})
