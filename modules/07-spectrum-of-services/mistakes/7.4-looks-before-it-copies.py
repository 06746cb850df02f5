#: breaks: newer-stays
#: expects: The backfill has overwritten a newer order.*after your code has looked
#: because: Nobody is thought to write between the look and the copy.
#: fills: gap 3
    for order in old.all():
        if new.get(order["order_id"]) is None:
            new.put(order)
