#: breaks: no-text
#: expects: empty card for an order without text
#: because: leaves out the order that fails in the middle of its work
#: changes: gap 1
-
-
-@mock_aws
-def test_a_card_without_text_is_reported():
-    gift_table()
-    answer = gift.handler(batch({"order_id": "ord-3", "gift": True}), None)
-    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
-    assert cards() == {}
