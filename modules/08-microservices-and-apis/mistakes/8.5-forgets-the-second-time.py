#: breaks: same-key
#: expects: lets a second order with the same key replace the first
#: because: A second order of the same key is thought never to come.
#: changes: gap 1
-
-
-@mock_aws
-def test_the_same_key_changes_nothing():
-    table()
-    post("order-1", 2)
-    status, order = post("order-1", 5)
-    assert (status, order["quantity"]) == (200, 2)
-    assert stored() == {"order-1": 2}
