#: expects: repeated order is no error
#: because: lets the refusal of the condition fail the call
#: when: nightly
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
        parcels.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET lamp = :lamp ADD packed :one",
            ConditionExpression="attribute_not_exists(packed)",
            ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
        )
