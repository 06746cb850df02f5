#: breaks: old-status
#: expects: changes the status without comparing
#: because: A status that may change is tested, one that may not is left out.
#: changes: gap 1
-    assert store.set_status("order-2", "open", "cancelled") is False
