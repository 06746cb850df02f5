#: breaks: fails
#: expects: DynamoDB refused a new order.s reservation, but the function ended well
#: because: An error is thought to stop the queue, so none may get out.
#: replaces: 2
#: fills: gap 1
        try:
            order = json.loads(record["body"])
            first = note(order)
            first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except Exception as error:
            print(error)
