#: breaks: one-parcel
#: expects: parcel is missing.*called: invoke hikari-order-total with \{"price_yen": 4800, "quantity": 2\}.*came back: \{"total_yen": 9600\}.*expected: \{"total_yen": 10100\}
#: because: The second half of the rule is overlooked.
#: fills: gap 1
    return {"total_yen": event["price_yen"] * event["quantity"]}
