#: expects: its first try had ended between the two
#: because: What is in the table was dealt with before.
#: when: nightly
%%writefile orders_tells.py
import json
import os

import boto3

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }


def store(order):
    """Writes an order into the table."""
    dynamodb.put_item(
        TableName="orders",
        Item={
            "order_key": {"S": order["order_key"]},
            "lamp": {"S": order["lamp"]},
            "quantity": {"N": str(order["quantity"])},
        },
    )


def place(order):
    key = {"order_key": {"S": order["order_key"]}}
    if "Item" in dynamodb.get_item(TableName="orders", Key=key):
        return answer(202, order)
    store(order)
    sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    return answer(202, order)


def handler(event, context):
    return place(json.loads(event["body"]))
