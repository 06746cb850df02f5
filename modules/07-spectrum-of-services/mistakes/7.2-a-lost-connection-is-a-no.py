#: breaks: other-errors
#: expects: set_status hides an error.*came back: False
#: because: An error is taken for a change that did not take place.
#: fills: gap 3
        try:
            changed = self.connection.execute(
                """UPDATE orders_of_shop SET status = %s, version = version + 1
                   WHERE order_id = %s AND status = %s""",
                [new, order_id, old],
            )
        except psycopg.OperationalError:
            return False
        return changed.rowcount == 1
