#: breaks: refused-unchanged
#: expects: but still changes the status|increments the version although
#: because: The order is looked at after the first change, and not after the refused one.
#: changes: gap 1
-    assert store.set_status("order-2", "open", "cancelled") is False
     found = store.get("order-2")
     assert (found["status"], found["version"]) == ("packed", 2)
+    assert store.set_status("order-2", "open", "cancelled") is False
