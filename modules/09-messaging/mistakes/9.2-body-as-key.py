#: breaks: sent-again
#: expects: sent the order again, and it was packed again
#: because: takes the text of the message for the order: sent_at differs
%%writefile pack.py
import hashlib
import json

import boto3

packages = boto3.resource("dynamodb").Table("hikari-packages")


def pack(order):
    packages.update_item(
        Key={"order_id": order["order_id"]},
        UpdateExpression="SET lamp = :lamp ADD packed :one",
        ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
    )


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        seen = hashlib.sha256(record["body"].encode()).hexdigest()
        try:
            packages.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except packages.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
