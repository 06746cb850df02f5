#: expects: is no JSON
#: because: takes the text of a dict for JSON
#: when: nightly
%%writefile checkout.py
import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=str(event))
    return {"accepted": event["order_id"]}
