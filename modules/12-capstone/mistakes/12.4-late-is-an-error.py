#: expects: A late event is an error of your projector
#: because: a condition that does not hold is an error like any other
#: replaces: 2
#: fills: gap 1
    status, step = {"OrderAccepted": ("accepted", 1), "OrderPaid": ("paid", 2), "OrderCancelled": ("cancelled", 2)}[
        event["detail-type"]
    ]
    try:
        table.update_item(
            Key={"order_id": event["detail"]["order_id"]},
            UpdateExpression="SET #status = :status, step = :step",
            ConditionExpression="attribute_not_exists(step) OR step < :step",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": status, ":step": step},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        raise
