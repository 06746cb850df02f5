#: breaks: sent-again
#: expects: sent the order again, and it was packed again
#: because: takes the message for the order: a second message of the same order has another id
#: fills: gap 1
        seen = f"message {record['messageId']}"
        try:
            packages.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except packages.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
