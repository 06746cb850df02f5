#: expects: A test of yours fails on the handler that is right
#: because: mock_aws on one test is thought to be enough for all.
%%writefile test_front.py
import json

import boto3
from moto import mock_aws  # before front: moto catches the clients that are made after this line

import front


def table():
    """Makes the table. Call it where moto answers."""
    boto3.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "order_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def post(order_key, quantity, lamp="Tsuki"):
    """Sends an order to the handler: its status and its body."""
    order = {"order_key": order_key, "lamp": lamp, "quantity": quantity}
    reply = front.handler({"routeKey": "POST /orders", "body": json.dumps(order)}, None)
    return reply["statusCode"], json.loads(reply["body"])


def get(order_key):
    """Asks the handler for an order: its status and its body."""
    event = {"routeKey": "GET /orders/{order_key}", "pathParameters": {"order_key": order_key}}
    reply = front.handler(event, None)
    return reply["statusCode"], json.loads(reply["body"])


def stored():
    """What the table holds: key -> quantity."""
    found = boto3.client("dynamodb").scan(TableName="orders")["Items"]
    return {item["order_key"]["S"]: int(item["quantity"]["N"]) for item in found}


@mock_aws
def test_a_good_order_is_stored():
    table()
    status, order = post("order-1", 2)
    assert (status, order["quantity"]) == (201, 2)
    assert stored() == {"order-1": 2}


@mock_aws
def test_too_many_lamps_are_refused():
    table()
    assert post("order-1", 21)[0] == 400
    assert stored() == {}


def test_an_unknown_order_is_not_found():
    table()
    assert get("order-1")[0] == 404


@mock_aws
def test_the_same_key_changes_nothing():
    table()
    post("order-1", 2)
    status, order = post("order-1", 5)
    assert (status, order["quantity"]) == (200, 2)
    assert stored() == {"order-1": 2}
