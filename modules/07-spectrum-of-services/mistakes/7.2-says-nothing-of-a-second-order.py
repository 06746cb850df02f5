#: expects: Two orders have one id. Nobody has told the shop
#: because: ON CONFLICT DO NOTHING keeps the first order, and the shop believes that both are there.
#: when: nightly
#: fills: gap 1
        try:
            self.connection.execute(
                "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [order[field] for field in FIELDS],
            )
        except psycopg.errors.UniqueViolation:
            raise OrderExists(order["order_id"]) from None
