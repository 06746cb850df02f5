#: expects: deleted records that you had no address for
#: because: Every message that was looked at is thought to be done.
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
                order["address"] = addresses[order["order_id"]]
                functions.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(order))
                replayed.append(order["order_id"])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return {"replayed": replayed}
