import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        # such as {"id": "ord-7", "customer": "Aoi", "yen": 4800}
        order = json.loads(record["body"])
        table.update_item(
            Key={"id": order["customer"]},
            UpdateExpression="ADD yen :yen",
            ExpressionAttributeValues={":yen": order["yen"]},
        )
