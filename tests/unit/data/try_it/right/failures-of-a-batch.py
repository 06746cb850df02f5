import json

import boto3
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            table.update_item(
                Key={"id": order["customer"]},
                UpdateExpression="ADD yen :yen, orders :orders",
                ConditionExpression="attribute_not_exists(orders) OR NOT contains(orders, :id)",
                ExpressionAttributeValues={":yen": order["yen"], ":orders": {order["id"]}, ":id": order["id"]},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
