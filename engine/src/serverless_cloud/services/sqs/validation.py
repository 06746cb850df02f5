"""SQS's refusals, with moto's errors: attributes of queues, messages, numbers of ReceiveMessage.

Sources: Amazon SQS API reference (CreateQueue, SetQueueAttributes, SendMessage, ReceiveMessage); Developer Guide,
"Amazon SQS message quotas". Words that no source gives are our own, see docs/fidelity.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from moto.sqs.exceptions import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValue,
    MissingParameter,
    SQSException,
)
from moto.sqs.models import Queue

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.sqs.fifo import setting

BATCH_ENTRIES, MESSAGE_ATTRIBUTES, MOST_DELAY_S = 10, 10, 900
#: Least and most of each number, in seconds or bytes.
_NUMBERS = {
    "DelaySeconds": (0, MOST_DELAY_S),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
_BOOLEANS = ("true", "false", "True", "False")
_WORDS = {
    "ContentBasedDeduplication": _BOOLEANS,
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": _BOOLEANS,
}
_OTHERS = ("KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled")
_TYPES = ("Binary", "Number", "String")  # of message attributes
_CHARACTERS = (
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF"
)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: API reference: GetQueueAttributes.
QUEUE_ATTRIBUTES = frozenset(
    {
        *_NUMBERS, *_FIFO_ONLY, *_OTHERS, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
    }
)  # fmt: skip
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


# ---- attributes of queues


def check_queue_name(queue_name: str, attributes: Mapping[str, object]) -> None:
    """Raises unless the name of a new queue suits its attribute FifoQueue."""
    is_fifo = str(attributes.get("FifoQueue", "")).lower() == "true"
    if queue_name.endswith(".fifo") and not is_fifo:
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    if is_fifo and not queue_name.endswith(".fifo"):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length"
        )


def check_names(queue_name: str, attributes: Mapping[str, object]) -> None:
    """Raises unless a queue of this name can have attributes of these names, together."""
    for name in attributes:
        if name not in _NUMBERS and name not in _OTHERS and not (name in _FIFO_ONLY and queue_name.endswith(".fifo")):
            raise InvalidAttributeName(name)
    if attributes.get("KmsMasterKeyId") and str(attributes.get("SqsManagedSseEnabled", "")).lower() == "true":
        raise _named(
            InvalidAttributeName(""),
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )


def _named(error: SQSException, message: str) -> SQSException:
    """An error with other words than moto's."""
    error.message = message
    return error


def check_values(arn: str, attributes: Mapping[str, object], queues: Iterable[Queue]) -> None:
    """Raises unless a queue may have these values.

    Args:
        arn: of the queue.
        attributes: texts; from a stack also numbers and objects.
        queues: the existing queues; its dead-letter queue must be among them.
    """
    for name, (least, most) in _NUMBERS.items():
        if name in attributes and not _is_number(attributes[name], least, most):
            raise InvalidAttributeValue(name)
    for name, allowed in _WORDS.items():
        if attributes.get(name) is not None and str(attributes[name]) not in allowed:
            raise InvalidAttributeValue(name)
    for name in ("Policy", "RedriveAllowPolicy"):
        if attributes.get(name) and _object(attributes[name]) is None:
            raise InvalidAttributeValue(name)
    if given := attributes.get("RedrivePolicy"):
        _check_redrive(arn, given, queues)


def check_change(queue: Queue, attributes: Mapping[str, object]) -> None:
    """Raises unless an existing queue may get these attributes."""
    check_throughput({"DeduplicationScope": setting(queue, "deduplication_scope")} | dict(attributes))
    if str(attributes.get("FifoQueue", "true")).lower() != "true" and queue.fifo_queue:
        raise _named(
            InvalidAttributeValue("FifoQueue"),
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )


def check_throughput(attributes: Mapping[str, object]) -> None:
    """Raises for a limit for each message group without deduplication by message group."""
    scope = attributes.get("DeduplicationScope", "queue")
    if attributes.get("FifoThroughputLimit") == "perMessageGroupId" and scope != "messageGroup":
        raise InvalidAttributeValue("FifoThroughputLimit")


def check_permission(label: str, account_ids: Iterable[str]) -> None:
    """Raises unless AddPermission may have these values."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", label):
        text = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise _invalid(label, "Label", text)
    bad = [each for each in account_ids if not re.fullmatch(r"\d{12}", each)]
    if bad:
        raise _invalid(f"[{', '.join(bad)}]", "PrincipalId", "Unable to verify.")


def check_tags(tags: Iterable[str]) -> None:
    """Raises unless these may be the keys of tags."""
    if not all(1 <= len(key) <= 128 for key in tags):
        raise InvalidParameterValue("Tag keys must be between 1 and 128 characters in length.")


def _is_number(value: object, least: int, most: int) -> bool:
    return re.fullmatch(r"-?\d{1,9}", str(value)) is not None and least <= int(str(value)) <= most


def _object(value: object) -> JsonObject | None:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _check_redrive(arn: str, given: object, queues: Iterable[Queue]) -> None:
    policy = _object(given)
    if policy is None:
        raise _invalid(given, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        if name not in policy:
            raise _invalid(given, "RedrivePolicy", f"Redrive policy does not contain mandatory attribute: {name}.")
    count, target_arn = policy["maxReceiveCount"], policy["deadLetterTargetArn"]
    if not _is_number(count, 1, 1000):
        text = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        raise _invalid(given, "RedrivePolicy", text)
    if not re.fullmatch(r"arn:[^:]+:sqs:[^:]*:[^:]*:.+", str(target_arn)):
        raise _invalid(given, "RedrivePolicy", "Invalid value for deadLetterTargetArn.")
    target = next((queue for queue in queues if queue.queue_arn == target_arn), None)
    if target is None:
        raise _invalid(given, "RedrivePolicy", "Dead letter target does not exist.")
    if target.fifo_queue != arn.endswith(".fifo"):
        raise _invalid(given, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
    allows = _object(getattr(target, "redrive_allow_policy", None) or "{}") or {}
    permission = allows.get("redrivePermission", "allowAll")
    if permission == "denyAll" or (permission == "byQueue" and arn not in allows.get("sourceQueueArns", [])):
        raise _invalid(given, "RedrivePolicy", f"The RedriveAllowPolicy of {target_arn} does not allow this queue.")


# ---- messages


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
        raise MissingParameter("MessageBody")
    if _NOT_ALLOWED.search(body):
        raise SQSException("InvalidMessageContents", _CHARACTERS)
    check_attributes(attributes or {})
    if size_bytes(body, attributes) > (most := setting(queue, "maximum_message_size")):
        raise InvalidParameterValue(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    if delay_s is not None and not _is_number(delay_s, 0, MOST_DELAY_S):
        raise _invalid(delay_s, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {MOST_DELAY_S}.")
    for name, given in (("MessageGroupId", group_id), ("MessageDeduplicationId", deduplication_id)):
        if given is not None and not re.fullmatch(r"[!-~]{1,128}", given):
            text = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise _invalid(given, name, text)
    text = "The request include parameter that is not valid for this queue type."
    if not queue.fifo_queue:
        if deduplication_id is not None:
            raise _invalid(deduplication_id, "MessageDeduplicationId", text)
        return
    check_order(queue, group_id, deduplication_id)
    if delay_s is not None and int(delay_s) > 0:
        raise _invalid(delay_s, "DelaySeconds", text)


def check_order(queue: Queue, group_id: str | None, deduplication_id: str | None) -> None:
    """Raises unless a message has the identifiers that its queue wants."""
    if queue.fifo_queue and group_id is None:
        raise MissingParameter("MessageGroupId")
    if queue.fifo_queue and deduplication_id is None and not setting(queue, "content_based_deduplication"):
        raise InvalidParameterValue(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def check_attributes(attributes: Mapping[str, JsonObject]) -> None:
    """Raises unless a message may have these attributes, its own or the system's."""
    if len(attributes) > MESSAGE_ATTRIBUTES:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MESSAGE_ATTRIBUTES}]."
        )
    for name, given in attributes.items():
        _check_attribute_name(name)
        kind = str(given.get("DataType") or "").split(".")[0]
        if not kind:
            raise InvalidParameterValue(f"Message (user) attribute '{name}' must contain a non-empty attribute type.")
        if kind not in _TYPES:
            raise InvalidParameterValue(
                f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported "
                f"type prefixes: {', '.join(_TYPES)}."
            )
        field = "BinaryValue" if kind == "Binary" else "StringValue"
        if not given.get(field):
            raise InvalidParameterValue(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            )
        if field == "StringValue" and _NOT_ALLOWED.search(given[field]):
            raise InvalidParameterValue(_CHARACTERS)
        if kind == "Number" and not _is_decimal(given[field]):
            raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")


def _check_attribute_name(name: str) -> None:
    """Raises unless a message attribute may have this name; moto looks at it when the message is in the queue."""
    if not re.fullmatch(r"[\w.-]{1,256}", name):  # letters of any alphabet, as on AWS
        raise InvalidParameterValue(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )
    if name.startswith(".") or name.endswith(".") or ".." in name or name.lower().startswith(("aws.", "amazon.")):
        raise InvalidParameterValue(
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
            raise InvalidAttributeName(name)


def check_receive(given: Mapping[str, int | None]) -> None:
    """Raises unless the numbers of a ReceiveMessage are within its limits. Args: given: by parameter; None: not set."""
    for name, (least, most, reason) in _RECEIVE.items():
        value = given.get(name)
        if value is not None and not least <= value <= most:
            raise _invalid(value, name, reason)
