#: expects: Every order gets the same total
#: because: The example's numbers are written into the code.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(event, context):
    """Returns {"total_yen": ...} for an event {"price_yen": ..., "quantity": ...}."""
    return {"total_yen": 4800 * 2 + PARCEL_YEN}
