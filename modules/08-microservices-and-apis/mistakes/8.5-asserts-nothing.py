#: breaks: four-cases
#: expects: pass whatever the handler does
#: because: A test that runs through is thought to be a test.
#: changes: gap 1
-    assert (status, order["quantity"]) == (201, 2)
-    assert stored() == {"order-1": 2}
@@
-    assert post("order-1", 21)[0] == 400
-    assert stored() == {}
+    post("order-1", 21)
@@
-    assert get("order-1")[0] == 404
+    get("order-1")
@@
-    assert (status, order["quantity"]) == (200, 2)
-    assert stored() == {"order-1": 2}
