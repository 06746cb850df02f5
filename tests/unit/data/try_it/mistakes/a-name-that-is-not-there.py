#: expects: NameError.*line 9
import json

import boto3

table = boto3.resource("dynamodb").Table("bills")


def handler(event, context):
    order = json.loads(records[0]["body"])
