#: breaks: both-first
#: expects: that a customer placed during the move|overwritten a newer order with an older copy
#: because: The shop writes to the old store alone until the backfill has ended, and only what is missing is thought of.
#: fills: gap 5
    backfill(shop.old, shop.new)
    shop.store = Both(shop.old, shop.new)
    shop.store = shop.new
