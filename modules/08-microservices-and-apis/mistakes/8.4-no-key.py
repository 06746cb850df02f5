#: expects: has taken its lamps twice
#: because: A queue is thought to deliver once.
#: replaces: 2
#: fills: gap 1
#: when: nightly
        order = json.loads(record["body"])
        first = note(order)
        try:
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except dynamodb.exceptions.TransactionCanceledException as refusal:
            if refusal.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
                raise
