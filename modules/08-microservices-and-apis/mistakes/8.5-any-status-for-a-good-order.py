#: breaks: good-order
#: expects: returns 200 for a good order
#: because: The body is thought to show that all is well.
#: changes: gap 1
-    assert (status, order["quantity"]) == (201, 2)
+    assert order["quantity"] == 2
