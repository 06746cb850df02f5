#: breaks: again
#: expects: second card|stops at the first
#: because: tests what works, and nothing else
#: fills: gap 1
ANN = {"order_id": "ord-1", "gift": True, "text": "For Ann"}
BEN = {"order_id": "ord-2", "gift": False, "text": ""}


@mock_aws
def test_a_card_for_those_who_want_one():
    gift_table()
    assert gift.handler(batch(ANN, BEN), None) == {"batchItemFailures": []}
    assert cards() == {"ord-1": "For Ann"}
