#: expects: A second order with the same id replaces the first
#: because: put_item is thought to refuse an item that is there.
#: when: nightly
#: fills: gap 2
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item(order),
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise OrderExists(order["order_id"]) from None
