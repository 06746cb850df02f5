#: breaks: same-time
#: expects: same order at the same time, and both packed
#: because: looks first and writes later: another one looks in between
#: fills: gap 1
        found = packages.get_item(Key={"order_id": order["order_id"]}, ConsistentRead=True)
        if "Item" not in found:
            pack(order)
