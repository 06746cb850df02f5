#: breaks: passes
#: expects: One of your tests fails on the right front.py
#: because: 409 is thought to be the status of every repetition.
#: changes: gap 1
-    assert (status, order["quantity"]) == (200, 2)
+    assert status == 409
