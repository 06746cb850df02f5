#: expects: without an address is lost
#: because: deletes in finally, so a failure is taken for done
#: replaces: 2
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
            try:
                print_label(order)
                printed.append(order["order_id"])
            except ValueError as error:
                print("not printed:", error)
            finally:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return {"printed": printed}
