#: breaks: refused-unchanged
#: expects: but still changes the status
#: because: False is believed, and the order is not looked at.
#: changes: gap 1
-    found = store.get("order-2")
+    assert store.set_status("order-3", "open", "packed") is True
+    found = store.get("order-3")
