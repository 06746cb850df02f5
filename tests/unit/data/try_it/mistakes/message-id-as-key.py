#: expects: sent the same order twice
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            table.update_item(
                Key={"id": order["customer"]},
                UpdateExpression="ADD yen :yen, messages :messages",
                ConditionExpression="NOT contains(messages, :id)",
                ExpressionAttributeValues={
                    ":yen": order["yen"], ":messages": {record["messageId"]}, ":id": record["messageId"]
                },
            )
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            continue
