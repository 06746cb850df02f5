#: breaks: last-left
#: expects: leaves one of them in the stock
#: because: A yes seems to mean that the lamps are taken.
#: changes: gap 1
-    assert left_of("Kumo") == 0
