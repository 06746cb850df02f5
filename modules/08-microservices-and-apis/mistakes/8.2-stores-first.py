#: breaks: stores-nothing
#: expects: her order was stored anyway
#: because: The order is saved first, so that nothing is lost.
#: changes: gap 1
+    store(order)
     request = urllib.request.Request(
