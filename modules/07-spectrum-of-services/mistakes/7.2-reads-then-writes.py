#: breaks: one-packer
#: expects: Two packers have packed the same order
#: because: The status is read, compared in Python, and then written: two at once read the same.
#: fills: gap 3
        order = self.get(order_id)
        if order is None or order["status"] != old:
            return False
        self.connection.execute(
            "UPDATE orders_of_shop SET status = %s, version = version + 1 WHERE order_id = %s",
            [new, order_id],
        )
        return True
