#: breaks: with-moto
#: expects: try to reach the real AWS
#: because: The table is made when the file is imported, before moto answers.
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


table_with("Tsuki", 5)


@mock_aws
def test_enough():
    assert stock.handler({"lamp": "Tsuki", "quantity": 2}, None) == {"reserved": True}
    assert left_of("Tsuki") == 3
