#: expects: placed during the move is lost|put an older copy|without comparing
#: because: A copy in the night: nobody is thought to write meanwhile.
#: fills: gap 5
    backfill(shop.old, shop.new)
    shop.store = shop.new
