#: expects: left word that it was done
#: because: marks first and works later, so a failed order counts as done
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
        try:
            seen = f"seen {order['order_id']}"
            parcels.put_item(Item={"order_id": seen}, ConditionExpression="attribute_not_exists(order_id)")
        except parcels.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        pack(order)
