#: breaks: errors-come-back
#: expects: could not be written counts as done
#: because: whatever the table says, the event must have been late
#: replaces: 2
#: fills: gap 1
    status, step = {"OrderAccepted": ("accepted", 1)}.get(
        event["detail-type"], (event["detail-type"].removeprefix("Order").lower(), 2)
    )
    try:
        table.update_item(
            Key={"order_id": event["detail"]["order_id"]},
            UpdateExpression="SET #status = :s, step = :n",
            ConditionExpression="attribute_not_exists(step) OR step < :n",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":s": status, ":n": step},
        )
    except Exception as error:
        print("late:", error)
