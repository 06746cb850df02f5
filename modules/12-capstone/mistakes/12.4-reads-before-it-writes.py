#: breaks: at-once
#: expects: reach two environments at once
#: because: looks at the item, and writes if the event is newer; nobody is thought to write in between
#: replaces: 2
#: fills: gap 1
    status, step = {"OrderAccepted": ("accepted", 1), "OrderPaid": ("paid", 2), "OrderCancelled": ("cancelled", 2)}[
        event["detail-type"]
    ]
    order_id = event["detail"]["order_id"]
    item = table.get_item(Key={"order_id": order_id}, ConsistentRead=True).get("Item", {"step": 0})
    if item["step"] < step:
        table.put_item(Item={"order_id": order_id, "status": status, "step": step})
