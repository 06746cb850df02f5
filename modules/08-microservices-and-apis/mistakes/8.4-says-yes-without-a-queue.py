#: expects: The message could not be sent, and the customer has a yes
#: because: The order is in the table, so it is not lost.
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
    store(order)
    try:
        sqs.send_message(QueueUrl=os.environ["STOCK_QUEUE"], MessageBody=json.dumps(order))
    except Exception:
        pass
    return answer(202, order)


def handler(event, context):
    return place(json.loads(event["body"]))
