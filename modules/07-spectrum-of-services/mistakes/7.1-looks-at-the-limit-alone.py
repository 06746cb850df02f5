#: breaks: limit
#: expects: returns the oldest orders up to the limit
#: because: The number of orders is checked, and not which ones they are.
#: changes: gap 1
-    assert [found["order_id"] for found in store.of_customer("ann", limit=2)] == ids[:2]
+    assert len(store.of_customer("ann", limit=2)) == 2
