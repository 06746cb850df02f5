#: breaks: fields
#: expects: with two values, the event
#: because: The handler is taken for a function that gets the fields of the event.
%%writefile order_total.py
PARCEL_YEN = 500


def handler(price_yen, quantity):
    return {"total_yen": price_yen * quantity + PARCEL_YEN}
