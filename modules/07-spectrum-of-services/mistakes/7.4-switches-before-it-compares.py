#: breaks: nothing-differs
#: expects: You switched while the stores still differed
#: because: After the backfill the two stores are thought to be equal.
#: fills: gap 5
    shop.store = Both(shop.old, shop.new)
    backfill(shop.old, shop.new)
    shop.store = shop.new
