#: breaks: returns-an-object
#: expects: returned nothing
#: because: Printing is taken for returning.
#: fills: gap 1
    print({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
