import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            # One write both charges the order and remembers it,
            # and does neither if the order is already on the bill.
            table.update_item(
                Key={"id": order["customer"]},
                UpdateExpression="ADD yen :yen, orders :orders",
                ConditionExpression="NOT contains(orders, :id)",
                ExpressionAttributeValues={
                    ":yen": order["yen"],
                    ":orders": {order["id"]},
                    ":id": order["id"],
                },
            )
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
