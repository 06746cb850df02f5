#: breaks: old-status
#: expects: A packed order was canceled
#: because: The id seems to be enough to find the row.
#: fills: gap 3
        changed = self.connection.execute(
            "UPDATE orders_of_shop SET status = %s, version = version + 1 WHERE order_id = %s",
            [new, order_id],
        )
        return changed.rowcount == 1
