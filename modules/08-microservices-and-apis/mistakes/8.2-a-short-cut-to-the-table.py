#: breaks: over-http
#: expects: Orders took lamps from the stock service's table
#: because: A table in the same account is quicker than a call, and it is all Hikari's.
#: fills: gap 1
    try:
        dynamodb.update_item(
            TableName="stock-lamps",
            Key={"lamp": {"S": order["lamp"]}},
            UpdateExpression="SET #left = #left - :wanted",
            ConditionExpression="#left >= :wanted",
            ExpressionAttributeNames={"#left": "left"},
            ExpressionAttributeValues={":wanted": {"N": str(order["quantity"])}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return answer(409, {"message": "sold out"})
    store(order)
    return answer(201, order)
