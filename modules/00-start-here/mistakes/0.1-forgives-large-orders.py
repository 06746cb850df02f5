#: breaks: price-times-quantity
#: expects: The total is wrong
#: because: Small examples are taken for all there is.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    quantity = min(event["quantity"], 24)
    return {"total_yen": event["price_yen"] * quantity + PARCEL_YEN}
