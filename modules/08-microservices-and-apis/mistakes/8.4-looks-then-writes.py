#: breaks: same-moment
#: expects: in two environments at the same time takes its lamps more than once
#: because: Who has looked knows, also a moment later.
#: replaces: 2
#: fills: gap 1
        order = json.loads(record["body"])
        key = {"order_key": {"S": order["order_key"]}}
        if "Item" not in dynamodb.get_item(TableName="stock-reservations", Key=key):
            dynamodb.transact_write_items(TransactItems=[note(order), take(order)])
