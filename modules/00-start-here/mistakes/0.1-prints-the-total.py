#: expects: returned nothing.*called: invoke hikari-order-total with \{"price_yen": 4800, "quantity": 2\}.*came back: null.*expected: an object, here \{"total_yen": 10100\}
#: because: Printing is taken for returning.
#: fills: gap 1
    print({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
