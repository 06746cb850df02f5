#: expects: second card|stops at the first
#: because: tests what works, and nothing else
#: when: nightly
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


@mock_aws
def test_a_card_for_those_who_want_one():
    gift_table()
    assert gift.handler(batch(ANN, BEN), None) == {"batchItemFailures": []}
    assert cards() == {"ord-1": "For Ann"}

