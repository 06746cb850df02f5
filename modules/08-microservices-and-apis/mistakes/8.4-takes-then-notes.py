#: breaks: both-halves
#: expects: lamps were taken twice
#: because: If the note fails, the lamps are thought to be put back.
#: replaces: 2
#: fills: gap 1
        order = json.loads(record["body"])
        first = note(order)["Put"]
        dynamodb.update_item(**take(order)["Update"])
        try:
            dynamodb.put_item(**first, ConditionExpression="attribute_not_exists(order_key)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            back = take(order | {"quantity": -order["quantity"]})
            dynamodb.update_item(**back["Update"])
