#: expects: news.accepted is not called once
#: because: tells of each order when it is safe
#: fills: gap 1
    accepted, failed = [], []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            done = execute(
                "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (order_id) DO NOTHING",
                [order[name] for name in ("order_id", "customer", "lamp", "quantity")],
            )
            payment.start(order)
            news.accepted([order["order_id"]])
        except Exception as error:
            print("not accepted:", error)
            failed.append({"itemIdentifier": record["messageId"]})
            if isinstance(error, (psycopg.DataError, ValueError, KeyError, TypeError)):
                again_at_once(record)
    return {"batchItemFailures": failed}
