#: breaks: no-error
#: expects: repeated order is not an error
#: because: lets the refusal of the condition fail the call
#: fills: gap 1
        packages.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET lamp = :lamp ADD packed :one",
            ConditionExpression="attribute_not_exists(packed)",
            ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
        )
