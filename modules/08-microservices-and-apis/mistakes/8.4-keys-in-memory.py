#: breaks: once
#: expects: took its lamps twice
#: because: What one environment remembers is thought to be known to all.
#: replaces: 2
%%writefile stock_inbox.py
import json

import boto3

dynamodb = boto3.client("dynamodb")
seen = set()


def note(order):
    """Half of a reservation: which order it is for."""
    return {
        "Put": {
            "TableName": "stock-reservations",
            "Item": {"order_key": {"S": order["order_key"]}, "lamp": {"S": order["lamp"]}},
        }
    }


def take(order):
    """The other half: so many lamps less."""
    return {
        "Update": {
            "TableName": "stock-lamps",
            "Key": {"lamp": {"S": order["lamp"]}},
            "UpdateExpression": "SET #left = #left - :wanted",
            "ExpressionAttributeNames": {"#left": "left"},
            "ExpressionAttributeValues": {":wanted": {"N": str(order["quantity"])}},
        }
    }


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["order_key"] in seen:
            continue
        seen.add(order["order_key"])
        first = note(order)
        try:
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except dynamodb.exceptions.TransactionCanceledException as refusal:
            if refusal.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
                raise
