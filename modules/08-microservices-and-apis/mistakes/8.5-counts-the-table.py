#: breaks: same-key
#: expects: returns the first order with a key and stores the second
#: because: One item is thought to be the right item.
#: changes: gap 1
     assert (status, order["quantity"]) == (201, 2)
-    assert stored() == {"order-1": 2}
+    assert len(stored()) == 1
@@
     assert (status, order["quantity"]) == (200, 2)
-    assert stored() == {"order-1": 2}
+    assert len(stored()) == 1
