#: breaks: price-times-quantity
#: expects: two different totals
#: because: A value outside the handler is taken for one that each call gets afresh.
#: fills: gap 1
    global PARCEL_YEN
    PARCEL_YEN += event["price_yen"] * event["quantity"]
    return {"total_yen": PARCEL_YEN}
