#: breaks: newest-first
#: expects: The oldest order comes first
#: because: ORDER BY sorts upwards unless it is told otherwise.
#: fills: gap 2
        rows = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE customer = %s ORDER BY placed_at LIMIT %s",
            [customer, limit],
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in rows]
