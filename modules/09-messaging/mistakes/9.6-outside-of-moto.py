#: expects: Your tests reach for the real AWS
#: because: makes the table where moto does not answer
%%writefile test_gift.py
import json

import boto3
from moto import mock_aws  # before gift: moto catches the clients that are made after this line

import gift


def gift_table():
    """Makes the table. Call it where moto answers."""
    return boto3.resource("dynamodb").create_table(
        TableName="hikari-gifts",
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def batch(*bodies):
    """An event as Lambda makes it of a queue: message-0, message-1 and so on. A body is an order or a text."""
    return {
        "Records": [
            {"messageId": f"message-{n}", "body": body if isinstance(body, str) else json.dumps(body)}
            for n, body in enumerate(bodies)
        ]
    }


def cards():
    """The texts of the cards in the table, by order."""
    items = boto3.resource("dynamodb").Table("hikari-gifts").scan()["Items"]
    return {item["order_id"]: item["text"] for item in items}


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
