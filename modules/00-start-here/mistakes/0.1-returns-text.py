#: expects: returned text.*called: invoke hikari-order-total with \{"price_yen": 4800, "quantity": 2\}.*expected: an object, here \{"total_yen": 10100\}
#: because: JSON is made by hand and then once more by Lambda.
#: fills: gap 1
    import json

    return json.dumps({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
