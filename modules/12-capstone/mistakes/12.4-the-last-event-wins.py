#: expects: late event takes a newer status back
#: because: the last event that comes is the newest
#: replaces: 2
#: fills: gap 1
    status, step = {"OrderAccepted": ("accepted", 1), "OrderPaid": ("paid", 2), "OrderCancelled": ("cancelled", 2)}[
        event["detail-type"]
    ]
    try:
        table.update_item(
            Key={"order_id": event["detail"]["order_id"]},
            UpdateExpression="SET #status = :status, step = :step",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": status, ":step": step},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        print("late or repeated:", event["detail-type"])
