#: expects: An order that was placed during the move is lost|put an older copy over a newer order
#: because: The shop writes to the old store alone until the backfill has ended, and only what is missing is thought of.
#: fills: gap 5
    backfill(shop.old, shop.new)
    shop.store = Both(shop.old, shop.new)
    shop.store = shop.new
