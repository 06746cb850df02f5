#: breaks: newest-wins
#: expects: A late event overwrites a newer status
#: because: the event with the latest time is the newest; but an order that comes twice is announced again
#: replaces: 2
#: fills: gap 1
    status = {"OrderAccepted": "accepted", "OrderPaid": "paid", "OrderCancelled": "cancelled"}[event["detail-type"]]
    try:
        table.update_item(
            Key={"order_id": event["detail"]["order_id"]},
            UpdateExpression="SET #status = :status, #time = :time",
            ConditionExpression="attribute_not_exists(#time) OR #time <= :time",
            ExpressionAttributeNames={"#status": "status", "#time": "time"},
            ExpressionAttributeValues={":status": status, ":time": event["time"]},
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        print("late or repeated:", event["detail-type"])
