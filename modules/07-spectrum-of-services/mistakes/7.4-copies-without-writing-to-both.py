#: breaks: both-first
#: expects: that a customer placed during the move|overwritten a newer order|still differed
#: because: A copy in the night: nobody is thought to write meanwhile.
#: fills: gap 5
    backfill(shop.old, shop.new)
    shop.store = shop.new
