# mypy: ignore-errors
"""Hikari's orders: notes each event in a queue, and answers what a lamp costs."""

import json
import os

import boto3
from lamps import NAME

sqs = boto3.client("sqs")


def handler(event, context):
    sqs.send_message(QueueUrl=os.environ["NOTES"], MessageBody=json.dumps(event))
    if event.get("source") == "hikari.broken":
        raise RuntimeError("a lamp is broken")
    body = {"lamp": NAME, "price_usd": int(os.environ["PRICE_USD"]), "version": context.function_version}
    return {"statusCode": 200, "body": json.dumps(body)}
