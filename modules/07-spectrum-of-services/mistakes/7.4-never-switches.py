#: expects: the shop does not use the new store
#: because: The last step is left out.
#: when: nightly
#: changes: gap 5
-    shop.store = shop.new
