#: breaks: passes
#: expects: Your tests try to reach the real AWS
#: because: makes the table where moto does not answer
#: fills: gap 1
ANN = {"order_id": "ord-1", "gift": True, "text": "For Ann"}
BEN = {"order_id": "ord-2", "gift": False, "text": ""}


def test_a_card_for_those_who_want_one():
    gift_table()
    assert gift.handler(batch(ANN, BEN), None) == {"batchItemFailures": []}
    assert cards() == {"ord-1": "For Ann"}


@mock_aws
def test_an_order_that_comes_again_changes_nothing():
    gift_table()
    gift.handler(batch(BEN, ANN), None)
    assert gift.handler(batch(ANN | {"text": "Other"}), None) == {"batchItemFailures": []}
    assert cards() == {"ord-1": "For Ann"}


@mock_aws
def test_a_broken_message_is_reported_alone():
    gift_table()
    answer = gift.handler(batch(BEN, "no JSON", ANN), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert cards() == {"ord-1": "For Ann"}


@mock_aws
def test_a_card_without_text_is_reported():
    gift_table()
    answer = gift.handler(batch({"order_id": "ord-3", "gift": True}), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert cards() == {}
