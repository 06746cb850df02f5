"""What SQS refuses of messages, batches and receives.

Sources: Amazon SQS API reference (SendMessage, ReceiveMessage); Developer Guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.attributes import QUEUE_ATTRIBUTES, is_number
from serverless_cloud.sqs.models import Queue

BATCH_ENTRIES, MESSAGE_ATTRIBUTES, MOST_DELAY_S, MOST_BYTES = 10, 10, 900, 1_048_576
_TYPES = ("Binary", "Number", "String")  # of message attributes
_CHARACTERS = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF"
)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: API reference: ReceiveMessage. It also accepts attributes of queues, and ignores them.
_SYSTEM = QUEUE_ATTRIBUTES | {
    "All", "AWSTraceHeader", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "DeadLetterQueueSourceArn",
    "MessageDeduplicationId", "MessageGroupId", "SenderId", "SentTimestamp", "SequenceNumber",
}  # fmt: skip
_RECEIVE = {
    "MaxNumberOfMessages": (1, 10, "Must be between 1 and 10, if provided."),
    "WaitTimeSeconds": (0, 20, "Must be >= 0 and <= 20, if provided."),
    "VisibilityTimeout": (0, 43_200, "Must be between 0 and 43200, if provided."),
}


def _invalid(value: object, name: str, reason: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def size_bytes(body: str, attributes: Mapping[str, JsonObject] | None) -> int:
    """How many bytes a message counts for: its body, and names, types and values of its attributes."""
    total = len(body.encode(errors="replace"))
    for name, given in (attributes or {}).items():
        value = given.get("StringValue") or given.get("BinaryValue") or b""
        total += len(name) + len(str(given.get("DataType"))) + len(value.encode() if isinstance(value, str) else value)
    return total


def check_message(
    queue: Queue,
    body: str | None,
    attributes: Mapping[str, JsonObject] | None,
    delay_s: int | None,
    group_id: str | None,
    deduplication_id: str | None,
) -> None:
    """Raises unless a queue takes a message.

    Args:
        queue: moto's.
        body, attributes: of the message, as in the API.
        delay_s: its own DelaySeconds, or None.
        group_id, deduplication_id: as given, or None.
    """
    if not body:
        raise errors.missing_parameter("MessageBody")
    if _NOT_ALLOWED.search(body):
        raise errors.SqsError("InvalidMessageContents", _CHARACTERS)
    check_attributes(attributes or {})
    if size_bytes(body, attributes) > (most := queue.number("MaximumMessageSize")):
        raise errors.invalid_parameter(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    if delay_s is not None and not is_number(delay_s, 0, MOST_DELAY_S):
        raise errors.invalid_value(delay_s, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {MOST_DELAY_S}.")
    for name, given in (("MessageGroupId", group_id), ("MessageDeduplicationId", deduplication_id)):
        if given is not None and not re.fullmatch(r"[!-~]{1,128}", given):
            text = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise errors.invalid_value(given, name, text)
    text = "The request include parameter that is not valid for this queue type."
    if not queue.is_fifo:
        if deduplication_id is not None:
            raise errors.invalid_value(deduplication_id, "MessageDeduplicationId", text)
        return
    check_order(queue, group_id, deduplication_id)
    if delay_s is not None and int(delay_s) > 0:
        raise errors.invalid_value(delay_s, "DelaySeconds", text)


def check_order(queue: Queue, group_id: str | None, deduplication_id: str | None) -> None:
    """Raises unless a message has the identifiers that its queue wants."""
    if queue.is_fifo and group_id is None:
        raise errors.missing_parameter("MessageGroupId")
    if queue.is_fifo and deduplication_id is None and not queue.attributes.get("ContentBasedDeduplication") == "true":
        raise errors.invalid_parameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def check_attributes(attributes: Mapping[str, JsonObject]) -> None:
    """Raises unless a message may have these attributes, its own or the system's."""
    if len(attributes) > MESSAGE_ATTRIBUTES:
        raise errors.invalid_parameter(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES}]."
        )
    for name, given in attributes.items():
        _check_attribute_name(name)
        kind = str(given.get("DataType") or "").split(".")[0]
        if not kind:
            raise errors.invalid_parameter(
                f"Message (user) attribute '{name}' must contain a non-empty attribute type."
            )
        if kind not in _TYPES:
            raise errors.invalid_parameter(
                f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported "
                f"type prefixes: {', '.join(_TYPES)}."
            )
        field = "BinaryValue" if kind == "Binary" else "StringValue"
        if not given.get(field):
            raise errors.invalid_parameter(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            )
        if field == "StringValue" and _NOT_ALLOWED.search(given[field]):
            raise errors.invalid_parameter(_CHARACTERS)
        if kind == "Number" and not _is_decimal(given[field]):
            raise errors.invalid_parameter(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _check_attribute_name(name: str) -> None:
    """Raises unless a message attribute may have this name; moto looks at it when the message is in the queue."""
    if not re.fullmatch(r"[\w.-]{1,256}", name):  # letters of any alphabet, as on AWS
        raise errors.invalid_parameter(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )
    if name.startswith(".") or name.endswith(".") or ".." in name or name.lower().startswith(("aws.", "amazon.")):
        raise errors.invalid_parameter(
            f"The message attribute name '{name}' is invalid. It cannot begin or end with a period, have two periods "
            "in a row, or begin with AWS. or Amazon."
        )


def _is_decimal(text: str) -> bool:
    try:
        return float(text) * 0 == 0
    except ValueError:
        return False


def check_system_names(names: Iterable[str]) -> None:
    """Raises unless ReceiveMessage may be asked for these system attributes."""
    for name in names:
        if name not in _SYSTEM:
            raise errors.unknown_attribute(name)


def check_receive(given: Mapping[str, int | None]) -> None:
    """Raises unless the numbers of a ReceiveMessage are within its limits."""
    for name, (least, most, reason) in _RECEIVE.items():
        value = given.get(name)
        if value is not None and not least <= value <= most:
            raise errors.invalid_value(value, name, reason)


# ---- batches


def check_batch(entries: Sequence[JsonObject]) -> None:
    """Raises unless the entries of a SendMessageBatch can be taken together."""
    check_ids(entries, "SendMessage")
    total = sum(size_bytes(entry["MessageBody"], entry.get("MessageAttributes")) for entry in entries)
    if total > MOST_BYTES:
        words = f"Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {total} bytes."
        raise errors.SqsError("BatchRequestTooLong", words)


def check_ids(entries: Sequence[JsonObject], action: str) -> None:
    """Raises unless a batch has 1 to 10 entries, each with its own id. `action`: without "Batch"."""
    if not entries:
        text = f"There should be at least one {action}BatchRequestEntry in the request."
        raise errors.SqsError("AWS.SimpleQueueService.EmptyBatchRequest", text)
    if len(entries) > BATCH_ENTRIES:
        words = f"Maximum number of entries per request are {BATCH_ENTRIES}. You have sent {len(entries)}."
        raise errors.SqsError("TooManyEntriesInBatchRequest", words)
    seen: set[str] = set()
    for entry in entries:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", str(entry.get("Id"))):
            words = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
            raise errors.SqsError("InvalidBatchEntryId", f"{words}letters long.")
        if entry["Id"] in seen:
            raise errors.SqsError("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        seen.add(entry["Id"])
