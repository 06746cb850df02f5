#: breaks: other-environment
#: expects: new execution environment packed the orders again
#: because: keeps what was seen in the memory of one environment
%%writefile pack.py
import json

import boto3

packages = boto3.resource("dynamodb").Table("hikari-packages")


seen = set()


def pack(order):
    packages.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="SET lamp = :lamp ADD packed :one",
        ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
    )


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["order_id"] in seen:
            continue
        pack(order)
        seen.add(order["order_id"])
