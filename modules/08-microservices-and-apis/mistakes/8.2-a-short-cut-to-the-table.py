#: expects: Orders has taken lamps out of the table of the stock service
#: because: A table in the same account is quicker than a call, and it is all Hikari's.
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
    try:
        dynamodb.update_item(
            TableName="stock-lamps",
            Key={"lamp": {"S": order["lamp"]}},
            UpdateExpression="SET #left = #left - :wanted",
            ConditionExpression="#left >= :wanted",
            ExpressionAttributeNames={"#left": "left"},
            ExpressionAttributeValues={":wanted": {"N": str(order["quantity"])}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return answer(409, {"message": "sold out"})
    store(order)
    return answer(201, order)


def handler(event, context):
    return place(json.loads(event["body"]))
