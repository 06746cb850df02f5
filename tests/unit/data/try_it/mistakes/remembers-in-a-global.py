#: expects: another environment
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")

done = set()


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["id"] in done:
            continue
        table.update_item(
            Key={"id": order["customer"]},
            UpdateExpression="ADD yen :yen",
            ExpressionAttributeValues={":yen": order["yen"]},
        )
        done.add(order["id"])
