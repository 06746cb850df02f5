#: expects: You sent the whole record
#: because: The record is taken for the event.
#: replaces: 2
#: when: nightly
%%writefile replay.py
import json

import boto3

functions = boto3.client("lambda")
sqs = boto3.client("sqs")


def handler(event, context):
    queue_url, addresses = event["queue_url"], event["addresses"]
    replayed = []
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            record = json.loads(message["Body"])
            order, arn = record["requestPayload"], record["requestContext"]["functionArn"]
            if order["order_id"] in addresses:
                record["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(record))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                replayed.append(order["order_id"])
    return {"replayed": replayed}
