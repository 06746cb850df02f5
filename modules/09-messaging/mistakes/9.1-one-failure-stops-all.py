#: expects: stops the worker, and the orders behind it wait
#: because: does not catch what one order raises
#: replaces: 2
#: when: nightly
%%writefile worker.py
import json

import boto3
from printer import print_label

sqs = boto3.client("sqs")


def handler(event, context):
    queue_url = event["queue_url"]
    printed = []
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=30
    ).get("Messages"):
        for message in messages:
            order = json.loads(message["Body"])
            print_label(order)
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            printed.append(order["order_id"])
    return {"printed": printed}
