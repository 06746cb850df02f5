#: expects: is told as a fault of ours|true in place of a quantity is accepted
#: because: isinstance(True, int) holds.
#: when: nightly
%%writefile orders.py
import json

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


def find(order_key):
    """The order of this key; None if there is none."""
    item = dynamodb.get_item(TableName="orders", Key={"order_key": {"S": order_key}}).get("Item")
    if item is None:
        return None
    return {"order_key": order_key, "lamp": item["lamp"]["S"], "quantity": int(item["quantity"]["N"])}


def wrong_with(order):
    """What is wrong with an order; empty if it is good."""
    if not isinstance(order, dict):
        return "an order is a JSON object"
    for field in ("order_key", "lamp"):
        if not isinstance(order.get(field), str) or not order[field]:
            return f"{field} must be a text"
    quantity = order.get("quantity")
    if not isinstance(quantity, int) or not 1 <= quantity <= 20:
        return "quantity must be a whole number from 1 to 20"
    return ""


def handler(event, context):
    if event["routeKey"] == "GET /orders/{order_key}":
        order = find(event["pathParameters"]["order_key"])
        return answer(200, order) if order else answer(404, {"message": "no such order"})
    try:
        order = json.loads(event.get("body") or "")
    except ValueError:
        return answer(400, {"message": "the body is not JSON"})
    if problem := wrong_with(order):
        return answer(400, {"message": problem})
    store(order)
    return answer(201, order)
