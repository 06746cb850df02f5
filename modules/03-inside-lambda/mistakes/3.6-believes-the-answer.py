#: breaks: few-left
#: expects: do not notice a stock.py that.*takes the lamps anyway
#: because: The answer alone is looked at, not what is stored.
%%writefile test_stock.py
import boto3
from moto import mock_aws

import stock


def table_with(lamp, left):
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="hikari-stock",
        KeySchema=[{"AttributeName": "lamp", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "lamp", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="hikari-stock", Item={"lamp": {"S": lamp}, "left": {"N": str(left)}})


def left_of(lamp):
    item = boto3.client("dynamodb").get_item(TableName="hikari-stock", Key={"lamp": {"S": lamp}})["Item"]
    return int(item["left"]["N"])


@mock_aws
def test_enough():
    table_with("Tsuki", 2)
    assert stock.handler({"lamp": "Tsuki", "quantity": 2}, None) == {"reserved": True}


@mock_aws
def test_too_few():
    table_with("Hoshi", 1)
    assert stock.handler({"lamp": "Hoshi", "quantity": 2}, None) == {"reserved": False}
