#: expects: never sees that an order is paid
#: because: writes an item only when there is none
#: replaces: 2
#: fills: gap 1
    status, step = {"OrderAccepted": ("accepted", 1), "OrderPaid": ("paid", 2), "OrderCancelled": ("cancelled", 2)}[
        event["detail-type"]
    ]
    try:
        table.update_item(
            Key={"order_id": event["detail"]["order_id"]},
            UpdateExpression="SET #status = :status, step = :step",
            ConditionExpression="attribute_not_exists(step)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": status, ":step": step},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        print("late or repeated:", event["detail-type"])
