#: breaks: fails
#: expects: refused a new order's reservation, but the function ended well
#: because: A reason for the first write is thought to say that the order was reserved before.
#: replaces: 2
%%writefile stock_inbox.py
import json

import boto3

dynamodb = boto3.client("dynamodb")


def note(order):
    """Returns the half of a reservation that records the order."""
    return {
        "Put": {
            "TableName": "stock-reservations",
            "Item": {"order_key": {"S": order["order_key"]}, "lamp": {"S": order["lamp"]}},
        }
    }


def take(order):
    """Returns the half of a reservation that subtracts the lamps."""
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
        half = note(order)
        half["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
        try:
            dynamodb.transact_write_items(TransactItems=[half, take(order)])
        except dynamodb.exceptions.TransactionCanceledException as refusal:
            first, _ = refusal.response["CancellationReasons"]
            if first["Code"] == "None":
                raise
            print("reserved before:", order["order_key"])
