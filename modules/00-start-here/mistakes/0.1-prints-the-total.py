#: expects: returned nothing
#: because: Printing is taken for returning.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    print({"total_yen": event["price_yen"] * event["quantity"] + PARCEL_YEN})
