#: expects: does not exist makes something of it
#: because: That the statement did not fail is taken for a change.
#: when: nightly
#: fills: gap 3
        changed = self.connection.execute(
            """UPDATE orders_of_shop SET status = %s, version = version + 1
               WHERE order_id = %s AND status = %s""",
            [new, order_id, old],
        )
        return True
