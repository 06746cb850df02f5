#: expects: A second copy of an order counts as a failure
#: because: the primary key keeps the table right, so a plain INSERT will do
#: fills: gap 1
    accepted, failed = [], []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            execute(
                "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s)",
                [order[name] for name in ("order_id", "customer", "lamp", "quantity")],
            )
            payment.start(order)
            accepted.append(order["order_id"])
        except Exception as error:
            print("not accepted:", error)
            failed.append({"itemIdentifier": record["messageId"]})
            if isinstance(error, (psycopg.DataError, ValueError)):
                again_at_once(record)
    news.accepted(accepted)
    return {"batchItemFailures": failed}
