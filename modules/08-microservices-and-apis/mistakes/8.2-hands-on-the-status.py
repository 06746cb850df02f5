#: expects: the customer gets stock's status
#: because: Stock knows best what went wrong.
#: when: nightly
%%writefile orders_asks.py
import json
import os
import urllib.error
import urllib.request

import boto3

dynamodb = boto3.client("dynamodb")


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
    request = urllib.request.Request(
        os.environ["STOCK_API"] + "/reservations",
        data=json.dumps(order).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2):
            pass
    except urllib.error.HTTPError as refusal:
        return answer(refusal.code, {"message": "stock says no"})
    except OSError:
        return answer(503, {"message": "Try again later, with the same order_key."})
    store(order)
    return answer(201, order)


def handler(event, context):
    return place(json.loads(event["body"]))
