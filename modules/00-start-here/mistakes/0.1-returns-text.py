#: expects: returned text
#: because: JSON is made by hand and then once more by Lambda.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    import json

    return json.dumps({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
