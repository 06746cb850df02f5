#: expects: The orders of the list are not whole
#: because: Only the keys are copied into the index.
#: when: nightly
#: fills: gap 1
    attributes = [
        {"AttributeName": attribute, "AttributeType": "S"}
        for attribute in ("order_id", "customer", "placed_at")
    ]
    key = [{"AttributeName": "order_id", "KeyType": "HASH"}]
    indexes = [
        {
            "IndexName": "by-customer",
            "KeySchema": [
                {"AttributeName": "customer", "KeyType": "HASH"},
                {"AttributeName": "placed_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ]
