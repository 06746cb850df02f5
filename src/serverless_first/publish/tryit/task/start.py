import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        # such as {"id": "ord-7", "customer": "Aoi", "yen": 4800}
        order = json.loads(record["body"])
        table.update_item(
            Key={"id": order["customer"]},
            # adds the price to a sum, and the order's id to a set
            UpdateExpression="ADD yen :yen, orders :orders",
            ExpressionAttributeValues={
                ":yen": order["yen"],
                ":orders": {order["id"]},
            },
        )
