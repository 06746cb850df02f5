#: breaks: both-first
#: expects: uses the new store before the backfill
#: because: The new store is used first, and filled later.
#: changes: gap 5
-    shop.store = Both(shop.old, shop.new)
+    shop.store = shop.new
