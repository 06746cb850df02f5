#: expects: ended with an error.*KeyError
#: because: The field of the event is called by another name.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    return {"total_yen": event["price"] * event["quantity"] + PARCEL_YEN}
