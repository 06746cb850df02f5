#: breaks: real-error
#: expects: reports success[\s\S]*get returns None
#: because: asks for the lamp with get, so an order without one is packed
%%writefile pack.py
import json

import boto3

packages = boto3.resource("dynamodb").Table("hikari-packages")
Refused = packages.meta.client.exceptions.ConditionalCheckFailedException


def pack(order):
    packages.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="SET lamp = :lamp ADD packed :one",
        ConditionExpression="attribute_not_exists(packed)",
        ExpressionAttributeValues={":lamp": order.get("lamp"), ":one": 1},
    )


def handler(event, context):
    for record in event["Records"]:
        try:
            pack(json.loads(record["body"]))
        except Refused:
            print("already packed")
