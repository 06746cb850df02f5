#: breaks: one-customer
#: expects: Two customers have placed orders with the same id at the same time
#: because: The store looks for the id, and two calls that look at once both find nothing.
#: fills: gap 2
        if self.get(order["order_id"]) is not None:
            raise OrderExists(order["order_id"])
        self.client.put_item(TableName=self.table, Item=item(order))
