#: breaks: packed-once
#: expects: failed, but marked it as done
#: because: marks first and works later, so a failed order counts as done
#: fills: gap 1
        try:
            seen = f"seen {order['order_id']}"
            packages.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except packages.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
