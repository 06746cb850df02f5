#: breaks: both-first
#: expects: lacks an order that a customer placed
#: because: What comes between the backfill and the double writing is thought to be caught later.
#: fills: gap 5
    backfill(shop.old, shop.new)
    shop.store = Both(shop.old, shop.new)
    while left := differences(shop.old, shop.new):
        for order in left:
            shop.new.put_if_newer(order)
    shop.store = shop.new
