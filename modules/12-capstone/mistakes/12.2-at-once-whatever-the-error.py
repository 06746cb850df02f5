#: expects: because of a short outage becomes visible again at once
#: because: what failed shall be tried again as soon as can be
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
            accepted.append(order["order_id"])
        except Exception as error:
            print("not accepted:", error)
            failed.append({"itemIdentifier": record["messageId"]})
            again_at_once(record)
    news.accepted(accepted)
    return {"batchItemFailures": failed}
