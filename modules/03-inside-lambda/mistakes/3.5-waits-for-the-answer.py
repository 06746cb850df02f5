#: expects: Nothing arrived as an asynchronous call
#: because: Waiting for the answer is thought to be safer.
#: replaces: 2
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
                functions.invoke(FunctionName=arn, Payload=json.dumps(order))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                replayed.append(order["order_id"])
    return {"replayed": replayed}
