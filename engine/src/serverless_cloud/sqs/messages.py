"""A new message, and what SQS refuses of messages, batches and receives.

Sources: Amazon SQS API reference (SendMessage, ReceiveMessage); Developer Guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from serverless_cloud.core import clock
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sqs import attributes as queue_attributes, errors
from serverless_cloud.sqs.queues import Attributes, Message, Queue

_MOST_ENTRIES, _MOST_ATTRIBUTES, _MOST_DELAY_S, _MOST_BYTES = 10, 10, 900, 1_048_576
_TYPES = ("Binary", "Number", "String")  # of message attributes
_CHARACTERS = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF"
)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTRY_ID = re.compile("[A-Za-z0-9_-]{1,80}")
#: API reference: ReceiveMessage. It also accepts attributes of queues, and ignores them.
_SYSTEM = queue_attributes.NAMES | {
    "AWSTraceHeader", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "DeadLetterQueueSourceArn",
    "MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp", "SequenceNumber",
}  # fmt: skip
_RECEIVE = {
    "MaxNumberOfMessages": (1, 10, "Must be between 1 and 10, if provided."),
    "WaitTimeSeconds": (0, 20, "Must be >= 0 and <= 20, if provided."),
    "VisibilityTimeout": (0, 43_200, "Must be between 0 and 43200, if provided."),
}


def new_message(
    queue: Queue,
    body: str,
    attributes: Attributes | None = None,
    delay_s: int | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    system_attributes: Attributes | None = None,
) -> Message:
    """A message for a queue.

    Args:
        delay_s: its own DelaySeconds; None: the queue's.

    Raises:
        ServiceError: the queue doesn't take it.
    """
    _check_content(queue, body, attributes or {})
    _check_attributes(system_attributes or {})
    _check_delivery(queue, delay_s, group_id, deduplication_id)
    if deduplication_id is None and queue.attributes.get("ContentBasedDeduplication") == "true":
        deduplication_id = hashlib.sha256(body.encode()).hexdigest()
    if delay_s is None or queue.is_fifo:  # a FIFO queue delays all of its messages
        delay_s = queue.number("DelaySeconds")
    visible_ms = clock.now_ms() + delay_s * 1000 if delay_s else 0.0
    return Message(body, attributes or {}, system_attributes or {}, group_id, deduplication_id, visible_ms=visible_ms)


def size_bytes(body: str, attributes: Attributes) -> int:
    """How many bytes a message counts for: its body, and names, types and values of its attributes."""
    total = len(body.encode(errors="replace"))
    for name, attribute in attributes.items():
        value = attribute.get("StringValue", "").encode() or attribute.get("BinaryValue", b"")
        total += len(name) + len(attribute.get("DataType", "")) + len(value)
    return total


def _check_content(queue: Queue, body: str, attributes: Attributes) -> None:
    if not body:
        raise errors.missing_parameter("MessageBody")
    if _NOT_ALLOWED.search(body):
        raise ServiceError("InvalidMessageContents", _CHARACTERS)
    _check_attributes(attributes)
    if size_bytes(body, attributes) > (most := queue.number("MaximumMessageSize")):
        raise errors.invalid_parameter(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )


def _check_delivery(queue: Queue, delay_s: int | None, group_id: str | None, deduplication_id: str | None) -> None:
    """Raises unless the queue takes a message with this delay and these identifiers."""
    if delay_s is not None and not 0 <= delay_s <= _MOST_DELAY_S:
        raise errors.invalid_value(delay_s, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {_MOST_DELAY_S}.")
    for name, value in (("MessageGroupId", group_id), ("MessageDeduplicationId", deduplication_id)):
        if value is not None and not re.fullmatch(r"[!-~]{1,128}", value):
            text = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise errors.invalid_value(value, name, text)
    text = "The request include parameter that is not valid for this queue type."
    if not queue.is_fifo and deduplication_id is not None:
        raise errors.invalid_value(deduplication_id, "MessageDeduplicationId", text)
    check_order(queue, group_id, deduplication_id)
    if queue.is_fifo and delay_s:
        raise errors.invalid_value(delay_s, "DelaySeconds", text)


def check_order(queue: Queue, group_id: str | None, deduplication_id: str | None) -> None:
    """Raises unless a message has the identifiers that its queue wants."""
    if queue.is_fifo and group_id is None:
        raise errors.missing_parameter("MessageGroupId")
    if queue.is_fifo and deduplication_id is None and queue.attributes["ContentBasedDeduplication"] != "true":
        raise errors.invalid_parameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def _check_attributes(attributes: Attributes) -> None:
    """Raises unless a message may have these attributes, its own or the system's."""
    if len(attributes) > _MOST_ATTRIBUTES:
        raise errors.invalid_parameter(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        )
    for name, attribute in attributes.items():
        _check_attribute_name(name)
        subject, kind = f"essage (user) attribute '{name}'", attribute.get("DataType", "").split(".")[0]
        value = attribute.get("BinaryValue") if kind == "Binary" else attribute.get("StringValue")
        if not kind:
            raise errors.invalid_parameter(f"M{subject} must contain a non-empty attribute type.")
        if kind not in _TYPES:
            raise errors.invalid_parameter(
                f"The type of m{subject} is invalid. You must use only the following supported type prefixes: "
                f"{', '.join(_TYPES)}."
            )
        if not value:
            raise errors.invalid_parameter(f"M{subject} must contain a non-empty value of type '{kind}'.")
        if isinstance(value, str) and _NOT_ALLOWED.search(value):
            raise errors.invalid_parameter(_CHARACTERS)
        if isinstance(value, str) and kind == "Number" and not _is_decimal(value):
            raise errors.invalid_parameter(f"Can't cast the value of m{subject} to a number.")


def _check_attribute_name(name: str) -> None:
    reason = ""
    if not re.fullmatch(r"[\w.-]{1,256}", name):  # letters of any alphabet
        reason = "Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters."
    elif name.startswith(".") or name.endswith(".") or ".." in name or name.lower().startswith(("aws.", "amazon.")):
        reason = "It cannot begin or end with a period, have two periods in a row, or begin with AWS. or Amazon."
    if reason:
        raise errors.invalid_parameter(f"The message attribute name '{name}' is invalid. {reason}")


def _is_decimal(text: str) -> bool:
    try:
        return float(text) * 0 == 0
    except ValueError:
        return False


def check_receive(numbers: Mapping[str, int | None], names: Iterable[str] = ()) -> None:
    """Raises unless the numbers of a receive are within its limits, and its system attributes exist."""
    for name, value in numbers.items():
        least, most, reason = _RECEIVE[name]
        if value is not None and not least <= value <= most:
            raise errors.invalid_value(value, name, reason)
    for name in names:
        if name not in _SYSTEM:
            raise errors.unknown_attribute(name)


# ---- batches


def check_batch(queue: Queue, entries: Sequence[JsonObject]) -> None:
    """Raises unless the entries of a SendMessageBatch can be taken together: by their size and for the order."""
    check_ids(entries, "SendMessage")
    total = sum(size_bytes(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in entries)
    if total > _MOST_BYTES:
        text = f"Batch requests cannot be longer than {_MOST_BYTES} bytes. You have sent {total} bytes."
        raise ServiceError("BatchRequestTooLong", text)
    for entry in entries:
        check_order(queue, entry.get("MessageGroupId"), entry.get("MessageDeduplicationId"))


def check_ids(entries: Sequence[JsonObject], action: str) -> None:
    """Raises unless a batch has 1 to 10 entries, each with its own id. `action`: without "Batch"."""
    if not entries:
        text = f"There should be at least one {action}BatchRequestEntry in the request."
        raise ServiceError("AWS.SimpleQueueService.EmptyBatchRequest", text)
    if len(entries) > _MOST_ENTRIES:
        text = f"Maximum number of entries per request are {_MOST_ENTRIES}. You have sent {len(entries)}."
        raise ServiceError("TooManyEntriesInBatchRequest", text)
    ids: set[str] = set()
    for entry in entries:
        if not _ENTRY_ID.fullmatch(entry["Id"]):
            text = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
            raise ServiceError("InvalidBatchEntryId", f"{text}most 80 letters long.")
        if entry["Id"] in ids:
            raise ServiceError("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        ids.add(entry["Id"])
