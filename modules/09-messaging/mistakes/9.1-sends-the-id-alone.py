#: expects: does not hold the whole order
#: because: thinks that the consumer can ask the shop for the rest
%%writefile checkout.py
import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps({"order_id": event["order_id"]}))
    return {"accepted": event["order_id"]}
