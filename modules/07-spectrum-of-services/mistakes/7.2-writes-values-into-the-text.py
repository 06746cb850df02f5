#: breaks: any-text
#: expects: The statement breaks at an apostrophe
#: because: The statement is put together as text: an apostrophe ends it.
#: fills: gap 1
        try:
            values = ", ".join(f"'{order[field]}'" for field in FIELDS)
            self.connection.execute(f"INSERT INTO orders_of_shop VALUES ({values})")
        except psycopg.errors.UniqueViolation:
            raise OrderExists(order["order_id"]) from None
