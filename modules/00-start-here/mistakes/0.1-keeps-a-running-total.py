#: expects: two different totals
#: because: A value outside the handler is taken for one that each call gets afresh.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    global PARCEL_YEN
    PARCEL_YEN += event["price_yen"] * event["quantity"]
    return {"total_yen": PARCEL_YEN}
