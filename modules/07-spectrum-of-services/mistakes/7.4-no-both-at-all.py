#: expects: lost to the new store
#: because: The backfill and the comparing are thought to be the move.
#: when: nightly
#: fills: gap 5
    backfill(shop.old, shop.new)
    while left := differences(shop.old, shop.new):
        for order in left:
            shop.new.put_if_newer(order)
    shop.store = shop.new
