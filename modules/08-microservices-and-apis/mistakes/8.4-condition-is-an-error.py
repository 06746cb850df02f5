#: breaks: not-an-error
#: expects: the function fails and receives them again
#: because: That an order has reserved before is taken for a failure.
#: replaces: 2
#: fills: gap 1
        order = json.loads(record["body"])
        first = note(order)
        first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
        dynamodb.transact_write_items(TransactItems=[first, take(order)])
