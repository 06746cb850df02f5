#: breaks: newest-first
#: expects: limit is applied before sorting
#: because: The database limits before Python sorts.
#: fills: gap 2
        rows = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE customer = %s ORDER BY placed_at LIMIT %s",
            [customer, limit],
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in reversed(rows)]
