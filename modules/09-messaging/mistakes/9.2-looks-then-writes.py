#: expects: same order at the same moment, and both packed
#: because: looks first and writes later: another one looks in between
%%writefile pack.py
import json

import boto3

parcels = boto3.resource("dynamodb").Table("hikari-parcels")


def pack(order):
    parcels.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="SET lamp = :lamp ADD packed :one",
        ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
    )


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        found = parcels.get_item(Key={"order_id": order["order_id"]}, ConsistentRead=True)
        if "Item" not in found:
            pack(order)
