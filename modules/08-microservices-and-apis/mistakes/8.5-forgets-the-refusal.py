#: breaks: too-many
#: expects: stores an order that is too large
#: because: That it says 400 is thought to prove that nothing was stored.
#: changes: gap 1
-    assert stored() == {}
