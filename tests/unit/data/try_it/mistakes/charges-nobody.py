#: expects: doesn't charge the order
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    for record in event["Records"]:
        print(json.loads(record["body"]))
