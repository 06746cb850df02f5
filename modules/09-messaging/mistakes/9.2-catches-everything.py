#: expects: says that all is well
#: because: takes every exception for a repetition
#: fills: gap 1
#: when: nightly
        try:
            parcels.update_item(
                Key={"order_id": order["order_id"]},
                UpdateExpression="SET lamp = :lamp ADD packed :one",
                ConditionExpression="attribute_not_exists(packed)",
                ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
            )
        except Exception:
            print("already packed:", order["order_id"])
