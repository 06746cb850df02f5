#: expects: raises an error when a message is repeated
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        table.update_item(
            Key={"id": order["customer"]},
            UpdateExpression="ADD yen :yen, orders :orders",
            ConditionExpression="NOT contains(orders, :id)",
            ExpressionAttributeValues={":yen": order["yen"], ":orders": {order["id"]}, ":id": order["id"]},
        )
