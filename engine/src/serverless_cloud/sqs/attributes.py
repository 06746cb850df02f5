"""The attributes of queues: which there are, their values at first, and what SQS refuses.

Source: Amazon SQS API reference, CreateQueue and SetQueueAttributes. Words that no source gives are our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.models import Queue

#: Least and most of each number, in seconds or bytes.
_NUMBERS = {
    "DelaySeconds": (0, 900),
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
#: API reference: GetQueueAttributes.
QUEUE_ATTRIBUTES = frozenset(
    {
        *_NUMBERS, *_FIFO_ONLY, *_OTHERS, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
    }
)  # fmt: skip
_AT_FIRST = {
    "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "true",
}  # fmt: skip
_FIFO_AT_FIRST = {
    "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}  # fmt: skip


def complete(name: str, attributes: Mapping[str, object]) -> dict[str, str]:
    """All attributes of a new queue, given some."""
    return changed(_AT_FIRST | (_FIFO_AT_FIRST if name.endswith(".fifo") else {}), attributes)


def changed(attributes: Mapping[str, str], changes: Mapping[str, object]) -> dict[str, str]:
    """The attributes after a change. An empty value removes one, and a queue has one kind of encryption at most."""
    values = dict(attributes) | {name: normal(name, value) for name, value in changes.items()}
    if changes.get("KmsMasterKeyId"):
        values["SqsManagedSseEnabled"] = "false"
        values.setdefault("KmsDataKeyReusePeriodSeconds", "300")
    elif str(changes.get("SqsManagedSseEnabled", "")).lower() == "true":
        values["KmsMasterKeyId"] = ""
    return {name: value for name, value in values.items() if value}


def normal(name: str, value: object) -> str:
    """A value as GetQueueAttributes tells it."""
    if name == "RedrivePolicy" and value:
        policy = _object(value) or {}
        return json.dumps(policy | {"maxReceiveCount": int(policy["maxReceiveCount"])}, separators=(",", ":"))
    if name == "Policy" and value:
        return json.dumps(policy) if (policy := _object(value) or {}).get("Statement") else ""
    if name in _NUMBERS:
        return str(int(str(value)))
    return (
        str(value).lower() if name in ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled") else str(value)
    )


def check_queue_name(queue_name: str, attributes: Mapping[str, object]) -> None:
    """Raises unless the name of a new queue suits its attribute FifoQueue."""
    is_fifo = str(attributes.get("FifoQueue", "")).lower() == "true"
    if queue_name.endswith(".fifo") and not is_fifo:
        raise errors.invalid_parameter(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    if is_fifo and not queue_name.endswith(".fifo"):
        raise errors.invalid_parameter(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length"
        )


def check_names(queue_name: str, attributes: Mapping[str, object]) -> None:
    """Raises unless a queue of this name can have attributes of these names, together."""
    for name in attributes:
        if name not in _NUMBERS and name not in _OTHERS and not (name in _FIFO_ONLY and queue_name.endswith(".fifo")):
            raise errors.unknown_attribute(name)
    if attributes.get("KmsMasterKeyId") and str(attributes.get("SqsManagedSseEnabled", "")).lower() == "true":
        raise errors.SqsError(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )


def check_values(arn: str, attributes: Mapping[str, object], queues: Iterable[Queue]) -> None:
    """Raises unless a queue may have these values.

    Args:
        arn: of the queue.
        attributes: texts; from a stack also numbers and objects.
        queues: the existing queues; its dead-letter queue must be among them.
    """
    for name, (least, most) in _NUMBERS.items():
        if name in attributes and not is_number(attributes[name], least, most):
            raise errors.invalid_attribute(name)
    for name, allowed in _WORDS.items():
        if attributes.get(name) is not None and str(attributes[name]) not in allowed:
            raise errors.invalid_attribute(name)
    for name in ("Policy", "RedriveAllowPolicy"):
        if attributes.get(name) and _object(attributes[name]) is None:
            raise errors.invalid_attribute(name)
    if given := attributes.get("RedrivePolicy"):
        _check_redrive(arn, given, queues)


def check_change(queue: Queue, attributes: Mapping[str, object]) -> None:
    """Raises unless an existing queue may get these attributes."""
    check_throughput({"DeduplicationScope": queue.attributes.get("DeduplicationScope", "queue")} | dict(attributes))
    if str(attributes.get("FifoQueue", "true")).lower() != "true" and queue.is_fifo:
        raise errors.invalid_attribute("FifoQueue", "Modifying queue type is not supported.")


def check_throughput(attributes: Mapping[str, object]) -> None:
    """Raises for a limit for each message group without deduplication by message group."""
    scope = attributes.get("DeduplicationScope", "queue")
    if attributes.get("FifoThroughputLimit") == "perMessageGroupId" and scope != "messageGroup":
        raise errors.invalid_attribute("FifoThroughputLimit")


def check_permission(label: str, account_ids: Iterable[str]) -> None:
    """Raises unless AddPermission may have these values."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", label):
        text = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise errors.invalid_value(label, "Label", text)
    bad = [each for each in account_ids if not re.fullmatch(r"\d{12}", each)]
    if bad:
        raise errors.invalid_value(f"[{', '.join(bad)}]", "PrincipalId", "Unable to verify.")


def check_tags(tags: Iterable[str]) -> None:
    """Raises unless these may be the keys of tags."""
    if not all(1 <= len(key) <= 128 for key in tags):
        raise errors.invalid_parameter("Tag keys must be between 1 and 128 characters in length.")


def is_number(value: object, least: int, most: int) -> bool:
    """Whether a text is a whole number in a range."""
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
        raise errors.invalid_value(given, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        if name not in policy:
            raise errors.invalid_value(
                given, "RedrivePolicy", f"Redrive policy does not contain mandatory attribute: {name}."
            )
    count, target_arn = policy["maxReceiveCount"], policy["deadLetterTargetArn"]
    if not is_number(count, 1, 1000):
        text = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        raise errors.invalid_value(given, "RedrivePolicy", text)
    if not re.fullmatch(r"arn:[^:]+:sqs:[^:]*:[^:]*:.+", str(target_arn)):
        raise errors.invalid_value(given, "RedrivePolicy", "Invalid value for deadLetterTargetArn.")
    target = next((queue for queue in queues if queue.arn == target_arn), None)
    if target is None:
        raise errors.invalid_value(given, "RedrivePolicy", "Dead letter target does not exist.")
    if target.is_fifo != arn.endswith(".fifo"):
        raise errors.invalid_value(
            given, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source."
        )
    allows = _object(target.attributes.get("RedriveAllowPolicy") or "{}") or {}
    permission = allows.get("redrivePermission", "allowAll")
    if permission == "denyAll" or (permission == "byQueue" and arn not in allows.get("sourceQueueArns", [])):
        raise errors.invalid_value(
            given, "RedrivePolicy", f"The RedriveAllowPolicy of {target_arn} does not allow this queue."
        )
