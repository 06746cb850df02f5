#: breaks: good-order
#: expects: returns only the key of a good order
#: because: The key identifies the order, so nothing else in the body is compared.
#: changes: gap 1
-    assert (status, order["quantity"]) == (201, 2)
+    assert (status, order["order_key"]) == (201, "order-1")
