#: breaks: nothing-differs
#: expects: You switched while the stores still differed
#: because: One look and one repair; nobody is thought to write meanwhile.
#: fills: gap 5
    shop.store = Both(shop.old, shop.new)
    backfill(shop.old, shop.new)
    for order in differences(shop.old, shop.new):
        shop.new.put_if_newer(order)
    shop.store = shop.new
