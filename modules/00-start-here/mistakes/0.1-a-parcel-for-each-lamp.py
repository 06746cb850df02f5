#: expects: parcel for each lamp
#: because: The parcel is added before the multiplication.
#: fills: gap 1
    return {"total_yen": (event["price_yen"] + PARCEL_YEN) * event["quantity"]}
