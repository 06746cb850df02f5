"""Helpers for checks of messaging tasks: events as SQS makes them for Lambda, messages by tens, a queue's content."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from serverless_first.lab.attempt import Attempt


def record(body: object, *, message_id: str = "", receipt_handle: str = "", receives: int = 1) -> dict[str, Any]:
    """A record of an SQS event, as Lambda gives it to a function.

    Args:
        body: a text, or what becomes JSON.
        message_id, receipt_handle: of the message; new ones unless given.
        receives: how often the message has been received, this time included.
    """
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return {
        "messageId": message_id or str(uuid.uuid4()),
        "receiptHandle": receipt_handle or uuid.uuid4().hex * 4,
        "body": text,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": "1795600000000",
            "SenderId": "AIDAIT2UOQQY3AUEKVGXU",
            "ApproximateFirstReceiveTimestamp": "1795600000001",
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:check",
        "awsRegion": "us-east-1",
    }


def again(event: dict[str, Any]) -> dict[str, Any]:
    """The same messages, received once more: the ids stay, the receipts are new."""
    records = event["Records"]
    counts = [int(message["attributes"]["ApproximateReceiveCount"]) + 1 for message in records]
    repeated = [
        record(message["body"], message_id=message["messageId"], receives=count)
        for message, count in zip(records, counts, strict=True)
    ]
    return {"Records": repeated}


def batch(*bodies: object) -> dict[str, Any]:
    """An event with a message for each body."""
    return {"Records": [record(body) for body in bodies]}


def send_all(attempt: Attempt, queue_url: str, bodies: Sequence[object]) -> None:
    """Sends a message for each body, ten in a call."""
    sqs = attempt.client("sqs")
    texts = [body if isinstance(body, str) else json.dumps(body, ensure_ascii=False) for body in bodies]
    for first in range(0, len(texts), 10):
        entries = [{"Id": str(n), "MessageBody": text} for n, text in enumerate(texts[first : first + 10])]
        sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)


def take_all(attempt: Attempt, queue_url: str, *, wait_s: int = 0) -> list[str]:
    """Takes out of a queue what can be received; the bodies.

    Args:
        wait_s: how long to wait for one more when there is none.
    """
    sqs, bodies = attempt.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_s).get(
        "Messages"
    ):
        for message in messages:
            bodies.append(str(message["Body"]))
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def numbers(attempt: Attempt, table: str, key: str, number: str, keys: Iterable[str] | None = None) -> dict[str, int]:
    """A number of each item of a table, by the item's key; an item without it has 0.

    Args:
        keys: the keys to give, by default the keys of all items. A key without an item has 0.
    """
    pages = attempt.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    values = {
        str(item[key]["S"]): int(float(item.get(number, {}).get("N", "0"))) for page in pages for item in page["Items"]
    }
    return values if keys is None else {item_key: values.get(item_key, 0) for item_key in keys}


def left_alone(attempt: Attempt, function: str, event: dict[str, Any], table: str, order_id: str) -> None:
    """Expects that a repeated order writes nothing: its item, changed by somebody since, stays as it is.

    Args:
        event: a batch that repeats the order.
        table: where the consumer writes; its key is order_id.
        order_id: of an order that is done.
    """
    dynamodb = attempt.client("dynamodb")
    key = {"order_id": {"S": order_id}}
    changed = dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET lamp = :lamp",
        ExpressionAttributeValues={":lamp": {"S": "on its way"}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    attempt.invoke(function, event)
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    attempt.expect(
        item == changed,
        problem="A repeated order was packed again. It overwrote the item of this order. The number is the same "
        "only because your function writes it instead of counting.",
        called=f"change the item of a packed order in {table}; invoke {function} with the order again",
        came_back=json.dumps(item),
        expected="the changed item, because a repeated order writes nothing",
        look_at="the condition under which your function writes",
    )
