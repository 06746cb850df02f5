#: breaks: reports
#: expects: while DynamoDB throttles all writes
#: because: Every refused write is thought to be a repeated order.
#: replaces: 1
%%writefile pipeline.py
import json
import os

import boto3
from botocore.exceptions import ClientError

packed = boto3.resource("dynamodb").Table("hikari-packed")


def check_lamp(order):
    """Raises an error if the catalog doesn't have the lamp."""
    if order["lamp"] not in os.environ["LAMPS"].split(","):
        raise ValueError(f"{order['order_id']}: there is no lamp {order['lamp']}.")


def pack(order):
    try:
        packed.update_item(
            Key={"order_id": order["order_id"]},
            UpdateExpression="SET lamp = :lamp ADD packed :one",
            ConditionExpression="attribute_not_exists(order_id)",
            ExpressionAttributeValues={":lamp": order["lamp"], ":one": 1},
        )
    except ClientError as error:
        print("again:", order["order_id"], error)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            check_lamp(order)
            pack(order)
        except Exception as error:
            print("failed:", error)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
