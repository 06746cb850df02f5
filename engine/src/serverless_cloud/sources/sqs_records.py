"""A message of a queue as the record that a function or a pipe gets, and whether filters let it pass. No moto, no I/O.

Shape: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS". Filters: "Using event filtering with an Amazon SQS
event source": if the body is JSON, the pattern for it must be JSON; if it is plain text, a list of texts; else the
message is dropped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping as Values, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.events.patterns import Pattern

EVENT_BYTES = 6_291_456  # AWS Lambda quotas: synchronous request, 6 MB
_AROUND_A_RECORD_BYTES = 1500  # identifiers, receipt handle, attributes and names of a record
_AROUND_AN_ATTRIBUTE_BYTES = 120


@dataclass(frozen=True)
class Message:
    """One message, as it was received.

    Args:
        attributes: the system attributes, texts.
        message_attributes: the sender's own, as in the SQS API: DataType with StringValue or BinaryValue.
        attributes_md5: of the sender's own attributes; None without any.
    """

    message_id: str
    receipt_handle: str
    body: str
    body_md5: str
    attributes: Values[str, str]
    message_attributes: Values[str, Values[str, Any]] = field(default_factory=dict)
    attributes_md5: str | None = None


def record(message: Message, queue_arn: str) -> dict[str, Any]:
    """The record in "Records" of the event."""
    fields = {
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": dict(message.attributes),
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if message.attributes_md5 is not None:
        fields["md5OfMessageAttributes"] = message.attributes_md5
    return fields


def _attribute(attribute: Values[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if attribute.get("StringValue") is not None:
        fields["stringValue"] = attribute["StringValue"]
    if attribute.get("BinaryValue") is not None:
        value = attribute["BinaryValue"]
        fields["binaryValue"] = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return fields | {"stringListValues": [], "binaryListValues": [], "dataType": attribute["DataType"]}


def size_bytes(body: str, message_attributes: Values[str, Values[str, Any]]) -> int:
    """At most how large the record of such a message is in the event, in bytes."""
    own = sum(
        len(name) + _AROUND_AN_ATTRIBUTE_BYTES + 2 * len(value.get("StringValue") or value.get("BinaryValue") or "")
        for name, value in message_attributes.items()
    )
    return len(json.dumps(body, ensure_ascii=False).encode(errors="replace")) + own + _AROUND_A_RECORD_BYTES


class Filters:
    """The patterns of FilterCriteria; a record must match one of them.

    Args:
        patterns: JSON texts that are known to parse; none lets everything pass.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [(Pattern.parse(text), isinstance(json.loads(text).get("body"), list)) for text in patterns]

    def pass_on(self, event_record: dict[str, Any]) -> bool:
        """Whether the record is for the function."""
        if not self._patterns:
            return True
        body = _structure(event_record["body"])
        event = event_record if body is None else event_record | {"body": body}
        return any(
            pattern.matches(event) for pattern, wants_text in self._patterns if not (wants_text and body is not None)
        )


def _structure(body: str) -> Any:
    """The body from JSON, if it is an object or a list; None for plain text."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict | list) else None
