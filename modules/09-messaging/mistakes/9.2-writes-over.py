#: breaks: not-overwritten
#: expects: overwrote the item
#: because: writes a 1 in place of counting, without a condition
%%writefile pack.py
import json

import boto3

packages = boto3.resource("dynamodb").Table("hikari-packages")
Refused = packages.meta.client.exceptions.ConditionalCheckFailedException


def pack(order):
    packages.put_item(Item={"order_id": order["order_id"], "lamp": order["lamp"], "packed": 1})


def handler(event, context):
    for record in event["Records"]:
        pack(json.loads(record["body"]))
