#: breaks: asserts
#: expects: whatever the handler does
#: because: calls the handler and compares nothing
#: fills: gap 1
@mock_aws
def test_cards():
    gift_table()
    order = {"order_id": "ord-1", "gift": True, "text": "For Ann"}
    answer = gift.handler(batch(order, "no JSON", order), None)
    assert "batchItemFailures" in answer
