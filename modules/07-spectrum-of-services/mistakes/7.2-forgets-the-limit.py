#: breaks: limit
#: expects: More orders came back than the limit allows
#: because: The limit is taken for the caller's concern.
#: fills: gap 2
        rows = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE customer = %s ORDER BY placed_at DESC",
            [customer],
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in rows]
