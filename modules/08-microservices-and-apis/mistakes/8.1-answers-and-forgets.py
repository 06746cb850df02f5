#: breaks: stored
#: expects: it is not in the table
#: because: The order that is returned is thought to be stored.
#: changes: gap 1
-    store(order)
