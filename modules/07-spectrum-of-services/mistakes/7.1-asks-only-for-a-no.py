#: breaks: answer
#: expects: changes the status, but returns False
#: because: The refused change is tested, and the result of the change that works is left out.
#: changes: gap 1
-    assert store.set_status("order-2", "open", "packed") is True
+    store.set_status("order-2", "open", "packed")
