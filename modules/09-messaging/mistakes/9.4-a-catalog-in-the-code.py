#: breaks: catalog
#: expects: is not packed, although LAMPS contains this lamp now
#: because: knows the lamps, so it writes them into the code
#: changes: gap 1
-            check_lamp(order)
+            if order["lamp"] not in ("Tsuki", "Hoshi", "Kumo"):
+                raise ValueError(order["lamp"])
