#: breaks: first-remains
#: expects: but still replaces the first order
#: because: OrderExists is taken for proof that nothing was written.
#: changes: gap 1
-        store.place(order("order-1", customer="ben", lamp="Kumo"))
+        store.place(order("order-1", lamp="Kumo"))
@@
-    assert store.get("order-1") == first
