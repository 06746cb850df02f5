#: breaks: both-halves
#: expects: its lamps are never taken
#: because: Two writes, one after the other, are thought to be one.
#: replaces: 2
#: fills: gap 1
        order = json.loads(record["body"])
        first = note(order)["Put"]
        try:
            dynamodb.put_item(**first, ConditionExpression="attribute_not_exists(order_key)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        dynamodb.update_item(**take(order)["Update"])
