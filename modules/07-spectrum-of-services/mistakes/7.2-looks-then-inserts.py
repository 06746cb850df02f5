#: breaks: one-customer
#: expects: Two customers have placed orders with the same id at the same time
#: because: The store looks for the id, and two calls that look at once both find nothing.
#: fills: gap 1
        if self.get(order["order_id"]) is not None:
            raise OrderExists(order["order_id"])
        self.connection.execute(
            "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [order[field] for field in FIELDS],
        )
