#: breaks: any-text
#: expects: The statement breaks at an apostrophe
#: because: An f-string is shorter, and works for most names.
#: fills: gap 2
        rows = self.connection.execute(
            f"SELECT * FROM orders_of_shop WHERE customer = '{customer}' ORDER BY placed_at DESC LIMIT {limit}",
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in rows]
