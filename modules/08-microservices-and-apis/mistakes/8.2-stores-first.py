#: expects: her order is in the table orders all the same
#: because: The order is saved first, so that nothing is lost.
#: changes: gap 1
+    store(order)
     request = urllib.request.Request(
