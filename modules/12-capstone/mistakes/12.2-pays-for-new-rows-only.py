#: expects: A second copy of an order does not start its payment
#: because: a row that is there says that all is done
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
            if done.rowcount:
                payment.start(order)
            accepted.append(order["order_id"])
        except Exception as error:
            print("not accepted:", error)
            failed.append({"itemIdentifier": record["messageId"]})
            if isinstance(error, (psycopg.DataError, ValueError, KeyError, TypeError)):
                again_at_once(record)
    news.accepted(accepted)
    return {"batchItemFailures": failed}
