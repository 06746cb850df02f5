#: expects: parcel is missing
#: because: The second half of the rule is overlooked.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    return {"total_yen": event["price_yen"] * event["quantity"]}
