#: breaks: created
#: expects: A good order is refused
#: because: The lamps of the examples are thought to be all lamps.
#: changes: gap 1
     quantity = order.get("quantity")
+    if order["lamp"] not in ("Tsuki", "Hoshi", "Kumo"):
+        return "no such lamp"
