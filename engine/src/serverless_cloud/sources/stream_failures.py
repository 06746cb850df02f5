"""Where the batches of streams end that Lambda gives up: their record goes to the on-failure destination.

The record (AWS Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source" and the
same for DynamoDB) names the batch's place in its stream. A bucket also gets the batch itself, as "payload".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from serverless_cloud.core.background import reported
from serverless_cloud.core.clients import client
from serverless_cloud.iam.permissions import Permissions
from serverless_cloud.lambda_.event_source_mapping import Delivery, Mapping
from serverless_cloud.sources.stream_source import StreamRecord, StreamSource, arrival

RETRIES_EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"

#: Takes (shard's id, records, condition, number of calls, what the last call brought or None).
GiveUp = Callable[[str, list[StreamRecord], str, int, Delivery | None], None]


def failure_record(
    mapping: Mapping,
    source: StreamSource,
    shard_id: str,
    records: list[StreamRecord],
    condition: str,
    calls: int,
    last: Delivery | None,
) -> dict[str, Any]:
    """The record of a batch that was given up, version 1.0.

    Args:
        condition: RETRIES_EXHAUSTED or TOO_OLD.
        calls: how often the function was called with it.
        last: what the last of these calls brought; None: there was none.
    """
    if is_pipe(mapping):
        about = {"context": {"partnerResourceArn": mapping.arn, "condition": condition}}
    else:
        about = _about_calls(mapping, condition, calls, last)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return about | {
        "version": "1.0",
        "timestamp": now,
        source.batch_info: {
            "shardId": shard_id,
            "startSequenceNumber": str(records[0].sequence),
            "endSequenceNumber": str(records[-1].sequence),
            "approximateArrivalOfFirstRecord": arrival(source, records[0].arrived_s),
            "approximateArrivalOfLastRecord": arrival(source, records[-1].arrived_s),
            "batchSize": len(records),
            "streamArn": mapping.source_arn,
        },
    }


def is_pipe(mapping: Mapping) -> bool:
    """Whether a pipe of EventBridge reads the stream, not Lambda."""
    return mapping.arn.split(":")[2] == "pipes"


def _about_calls(mapping: Mapping, condition: str, calls: int, last: Delivery | None) -> dict[str, Any]:
    reply = last.reply if last else None
    about: dict[str, Any] = {
        "requestContext": {
            "requestId": (reply.request_id if reply else "") or str(uuid.uuid4()),
            "functionArn": mapping.function_arn,
            "condition": condition,
            "approximateInvokeCount": calls,
        }
    }
    if reply is not None:
        about["responseContext"] = {
            "statusCode": 200,
            "executedVersion": reply.version,
            "functionError": reply.function_error,  # null after a partial failure
        }
    return about


def sender(mapping: Mapping, source: StreamSource, permissions: Permissions) -> GiveUp:
    """Tells the on-failure destination of a mapping; does nothing if there is none.

    A record that cannot be delivered is reported in the server's own log.
    """

    def give_up(shard_id: str, records: list[StreamRecord], condition: str, calls: int, last: Delivery | None) -> None:
        if mapping.on_failure is None:
            return
        record = failure_record(mapping, source, shard_id, records, condition, calls, last)
        with reported(f"A record could not be delivered to {mapping.on_failure}"):
            _send(mapping, permissions, shard_id, record, [stream_record.event for stream_record in records])

    return give_up


def _send(
    mapping: Mapping, permissions: Permissions, shard_id: str, record: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    arn = mapping.on_failure or ""
    service, region, name = arn.split(":")[2], arn.split(":")[3], arn.split(":", 5)[5]
    api = client(service, region)
    if service == "sqs":
        permissions.require(mapping.role_arn, "sqs:SendMessage", arn)
        api.send_message(QueueUrl=api.get_queue_url(QueueName=name)["QueueUrl"], MessageBody=json.dumps(record))
    elif service == "sns":
        permissions.require(mapping.role_arn, "sns:Publish", arn)
        api.publish(TopicArn=arn, Message=json.dumps(record))
    else:
        permissions.require(mapping.role_arn, "s3:PutObject", f"{arn}/*")
        now = datetime.now(UTC)
        key = f"aws/lambda/{mapping.uuid}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        whole = record | {"payload": json.dumps({"Records": events})}
        api.put_object(Bucket=name, Key=key, Body=json.dumps(whole).encode())
