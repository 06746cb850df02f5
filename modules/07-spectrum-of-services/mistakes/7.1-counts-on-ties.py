#: breaks: correct-passes
#: expects: reject a correct store
#: because: Two orders of the same moment are expected in the sequence in which they were placed.
#: changes: gap 1
-    ids = [found["order_id"] for found in store.of_customer("ann")]
-    assert ids == ["order-4", "order-3", "order-2", "order-1"]
+    store.place(order("order-0"))
+    ids = [found["order_id"] for found in store.of_customer("ann")]
+    assert ids == ["order-4", "order-3", "order-2", "order-1", "order-0"]
