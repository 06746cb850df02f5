#: breaks: dicts
#: expects: does not return a list of orders
#: because: What the database gives is handed on as it is.
#: fills: gap 2
        rows = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE customer = %s ORDER BY placed_at DESC LIMIT %s",
            [customer, limit],
        ).fetchall()
        return rows
