#: breaks: fields
#: expects: Every order gets the same total
#: because: The example's numbers are written into the code.
#: fills: gap 1
    return {"total_yen": 4800 * 2 + PARCEL_YEN}
