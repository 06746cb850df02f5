#: breaks: rest-of-batch
#: expects: order after a repeated order was not packed
#: because: catches the refusal around the whole loop
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
        ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
    )


def handler(event, context):
    try:
        for record in event["Records"]:
            pack(json.loads(record["body"]))
    except Refused:
        print("already packed")
