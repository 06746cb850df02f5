#: breaks: unknown
#: expects: returns 200 for an order that does not exist
#: because: The message is thought to be what clients read.
#: changes: gap 1
-    assert get("order-1")[0] == 404
+    assert "quantity" not in get("order-1")[1]
