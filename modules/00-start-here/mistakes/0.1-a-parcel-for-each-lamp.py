#: expects: parcel for each lamp
#: because: The parcel is added before the multiplication.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    return {"total_yen": (event["price_yen"] + PARCEL_YEN) * event["quantity"]}
