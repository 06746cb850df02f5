#: expects: the shop does not use the new store
#: because: The last step is left out.
#: when: nightly
#: fills: gap 5
    shop.store = Both(shop.old, shop.new)
    backfill(shop.old, shop.new)
    while left := differences(shop.old, shop.new):
        for order in left:
            shop.new.put_if_newer(order)
