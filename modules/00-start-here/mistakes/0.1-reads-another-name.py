#: breaks: fields
#: expects: ended with an error.*KeyError
#: because: The field of the event is called by another name.
#: fills: gap 1
    return {"total_yen": event["price"] * event["quantity"] + PARCEL_YEN}
