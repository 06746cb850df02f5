#: breaks: good-order
#: expects: returns an empty body for a good order
#: because: The status is thought to show that all is well.
#: changes: gap 1
-    assert (status, order["quantity"]) == (201, 2)
+    assert status == 201
