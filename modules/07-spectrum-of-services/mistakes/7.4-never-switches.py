#: breaks: switch
#: expects: the shop does not use the new store
#: because: The last step is left out.
#: changes: gap 5
-    shop.store = shop.new
