#: expects: never charged.*between two calls
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def mark(order):
    table.put_item(Item={"id": "order " + order["id"]}, ConditionExpression="attribute_not_exists(id)")


def charge(order):
    table.update_item(
        Key={"id": order["customer"]},
        UpdateExpression="ADD yen :yen",
        ExpressionAttributeValues={":yen": order["yen"]},
    )


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            mark(order)
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
        charge(order)
