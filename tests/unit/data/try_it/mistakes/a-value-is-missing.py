#: expects: uses :id, which has no value
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            table.update_item(
                Key={"id": order["customer"]},
                UpdateExpression="ADD yen :yen, orders :orders",
                ConditionExpression="NOT contains(orders, :id)",
                ExpressionAttributeValues={":yen": order["yen"], ":orders": {order["id"]}},
            )
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
