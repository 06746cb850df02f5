#: breaks: returns-an-object
#: expects: returned text
#: because: JSON is made by hand and then once more by Lambda.
#: fills: gap 1
    import json

    return json.dumps({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
