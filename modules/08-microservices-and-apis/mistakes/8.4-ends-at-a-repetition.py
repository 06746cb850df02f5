#: breaks: each-record
#: expects: The order after a repeated order is not reserved
#: because: What was reserved before needs nothing more.
#: replaces: 2
#: fills: gap 1
        order = json.loads(record["body"])
        first = note(order)
        first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
        try:
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except dynamodb.exceptions.TransactionCanceledException:
            return
