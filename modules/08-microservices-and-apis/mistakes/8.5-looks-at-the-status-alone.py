#: expects: stores an order that is too large
#: because: What the handler answers is thought to be what it does.
#: changes: gap 1
     assert (status, order["quantity"]) == (201, 2)
-    assert stored() == {"order-1": 2}
@@
-    assert stored() == {}
@@
-    assert stored() == {"order-1": 2}
