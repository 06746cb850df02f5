#: breaks: both-first
#: expects: lacks an order that a customer placed
#: because: The backfill and the comparing are thought to be the move.
#: changes: gap 5
-    shop.store = Both(shop.old, shop.new)
