#: breaks: each-record
#: expects: orders are missing in stock
#: because: A call is thought to bring one message.
#: replaces: 2
%%writefile stock_inbox.py
import json

import boto3

dynamodb = boto3.client("dynamodb")


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
    for record in event["Records"][:1]:
        order = json.loads(record["body"])
        first = note(order)
        first["Put"]["ConditionExpression"] = "attribute_not_exists(order_key)"
        try:
            dynamodb.transact_write_items(TransactItems=[first, take(order)])
        except dynamodb.exceptions.TransactionCanceledException as refusal:
            if refusal.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
                raise
