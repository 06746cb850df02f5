#: expects: The version does not tell
#: because: The version is left as it was.
#: when: nightly
#: fills: gap 3
        changed = self.connection.execute(
            """UPDATE orders_of_shop SET status = %s
               WHERE order_id = %s AND status = %s""",
            [new, order_id, old],
        )
        return changed.rowcount == 1
