#: expects: reads first and writes later
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        bill = table.get_item(Key={"id": order["customer"]}).get("Item", {})
        if order["id"] in bill.get("orders", set()):
            continue
        table.update_item(
            Key={"id": order["customer"]},
            UpdateExpression="ADD yen :yen, orders :orders",
            ExpressionAttributeValues={":yen": order["yen"], ":orders": {order["id"]}},
        )
