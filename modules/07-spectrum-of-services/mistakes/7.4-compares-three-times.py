#: breaks: nothing-differs
#: expects: You switched while the stores still differed
#: because: Three rounds seem to be enough for everything that comes late.
#: fills: gap 5
    shop.store = Both(shop.old, shop.new)
    backfill(shop.old, shop.new)
    for _ in range(3):
        for order in differences(shop.old, shop.new):
            shop.new.put_if_newer(order)
    shop.store = shop.new
