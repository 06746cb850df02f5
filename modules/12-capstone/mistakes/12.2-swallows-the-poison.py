#: breaks: failures
#: expects: whose order cannot be written counts as done
#: because: an error is printed, and that is thought to be enough
#: fills: gap 1
    accepted = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            execute(
                "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (order_id) DO NOTHING",
                [order[name] for name in ("order_id", "customer", "lamp", "quantity")],
            )
            payment.start(order)
            accepted.append(order["order_id"])
        except Exception as error:
            print("not accepted:", error)
    news.accepted(accepted)
    return {"batchItemFailures": []}
