#: expects: same message came again, and was packed again
#: because: takes the receipt for the message: it is new each time
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
        seen = f"receipt {record['receiptHandle']}"
        try:
            parcels.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except parcels.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
