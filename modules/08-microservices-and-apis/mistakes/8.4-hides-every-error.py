#: expects: orders are missing in stock
#: because: An error is thought to stop the queue, so none may get out.
#: replaces: 2
#: fills: gap 1
        try:
            order = json.loads(record["body"])["detail"]
            first = note(order)
            first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except Exception as error:
            print(error)
