#: breaks: few-answer
#: expects: pass whatever the handler does
#: because: A test that runs the code is thought to test it.
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
def test_the_handler_runs():
    table_with("Tsuki", 5)
    stock.handler({"lamp": "Tsuki", "quantity": 2}, None)
    stock.handler({"lamp": "Tsuki", "quantity": 9}, None)
    assert True
