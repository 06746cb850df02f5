#: expects: One message that fails ends the whole call
#: because: an error of one message is an error of the call
#: fills: gap 1
    accepted = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        execute(
            "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (order_id) DO NOTHING",
            [order[name] for name in ("order_id", "customer", "lamp", "quantity")],
        )
        payment.start(order)
        accepted.append(order["order_id"])
    news.accepted(accepted)
