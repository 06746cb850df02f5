#: expects: uses the new store before the backfill
#: because: The new store is used first, and filled later.
#: when: nightly
#: fills: gap 5
    shop.store = shop.new
    backfill(shop.old, shop.new)
    while left := differences(shop.old, shop.new):
        for order in left:
            shop.new.put_if_newer(order)
    shop.store = shop.new
