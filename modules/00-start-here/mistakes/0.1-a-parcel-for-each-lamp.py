#: breaks: one-parcel
#: expects: parcel per lamp.*called: invoke hikari-order-total with \{"price_yen": 4800, "quantity": 2\}.*came back: \{"total_yen": 10600\}.*expected: \{"total_yen": 10100\}
#: because: The parcel is added before the multiplication.
#: fills: gap 1
    return {"total_yen": (event["price_yen"] + PARCEL_YEN) * event["quantity"]}
