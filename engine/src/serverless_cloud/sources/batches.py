"""A batch of records on its way to a function, and what the function says of it.

Rules (AWS Lambda Developer Guide, "Handling errors for an SQS event source", "Configuring partial batch response with
Kinesis and DynamoDB Streams"). With ReportBatchItemFailures a function may answer
`{"batchItemFailures": [{"itemIdentifier": ID}]}`:

- All is well if it answers nothing, null, an empty object, list or text, or an empty or null `batchItemFailures`.
- The whole batch has failed if the answer isn't JSON, has another shape, or names an item by an empty or null
  identifier, under another key, or by an identifier that no record of the batch has.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from serverless_cloud.errors import AccessDenied, NotNow
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.lambda_.event_source_mapping import Deliver, Delivery, Mapping
from serverless_cloud.plane import DataPlane

CALL_FAILED = "Function call failed"


def deliver_to_function(plane: DataPlane, mapping: Mapping) -> Deliver:
    """A function that calls the function of a mapping with one batch after the other."""

    def deliver(records: list[dict[str, Any]]) -> Delivery:
        event = json.dumps({"Records": records}).encode()
        try:
            reply = plane.functions.invoke(mapping.function_arn, event)
        except NotNow as error:
            return Delivery(error=str(error), throttled=True)
        except (FunctionGone, AccessDenied) as error:
            return Delivery(error=str(error))
        if reply.function_error is not None:
            return Delivery(error=CALL_FAILED, reply=reply)
        delivery = read_failures(reply.payload, records) if mapping.reports_failures else Delivery()
        return dataclasses.replace(delivery, reply=reply)

    return deliver


def identifier(record: dict[str, Any]) -> str:
    """A record's name in `batchItemFailures`: its messageId or its sequence number."""
    if "messageId" in record:
        return str(record["messageId"])
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def read_failures(payload: bytes, records: list[dict[str, Any]]) -> Delivery:
    """The result of a batch in the answer of a function with ReportBatchItemFailures."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return Delivery(error="The function's answer is not JSON")
    if answer in (None, [], ""):
        return Delivery()
    if not isinstance(answer, dict):
        return Delivery(error="The function's answer is not an object with batchItemFailures")
    items = answer.get("batchItemFailures")
    if items is None:
        return Delivery()
    if not isinstance(items, list):
        return Delivery(error="batchItemFailures is not a list")
    known, failed = {identifier(record) for record in records}, []
    for item in items:
        item_id = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not isinstance(item_id, str) or item_id not in known:
            return Delivery(error=f"batchItemFailures names {item_id!r}, but the batch has no such itemIdentifier")
        failed.append(item_id)
    return Delivery(failed=tuple(dict.fromkeys(failed)))
