#: breaks: same-message
#: expects: same message came again, and its order was packed again
#: because: takes the receipt for the message: it is new each time
#: fills: gap 1
        seen = f"receipt {record['receiptHandle']}"
        try:
            packages.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except packages.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
