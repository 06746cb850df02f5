#: breaks: few-answer
#: expects: do not notice a stock.py that says yes to a customer although there are too few lamps
#: because: The way on which all goes well is thought to be all ways.
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
def test_enough_lamps_are_taken_from_the_stock():
    table_with("Tsuki", 5)
    assert stock.handler({"lamp": "Tsuki", "quantity": 2}, None) == {"reserved": True}
    assert left_of("Tsuki") == 3
