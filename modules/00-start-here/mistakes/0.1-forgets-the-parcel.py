#: expects: parcel is missing
#: because: The second half of the rule is overlooked.
#: fills: gap 1
    return {"total_yen": event["price_yen"] * event["quantity"]}
