"""The attributes of queues: which there are, their values at first, and what SQS refuses.

Source: Amazon SQS API reference, CreateQueue and SetQueueAttributes. Words that no source gives are our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.queues import Queue

#: Least and most of each number, in seconds or bytes.
_NUMBERS = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_BOOLEANS = ("true", "false", "True", "False")
_WORDS = {
    "ContentBasedDeduplication": _BOOLEANS,
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": _BOOLEANS,
}
_FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")
_OF_ALL = (*_NUMBERS, "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled")
#: API reference: GetQueueAttributes.
NAMES = frozenset(
    {
        "All", *_OF_ALL, *_FIFO_ONLY, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
    }
)  # fmt: skip
_AT_FIRST = {
    "DelaySeconds": "0", "KmsDataKeyReusePeriodSeconds": "300", "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}  # fmt: skip
_FIFO_AT_FIRST = {
    "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}  # fmt: skip
_BAD_NAME = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_BAD_FIFO_NAME = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length"
)


def at_first(name: str) -> dict[str, str]:
    """The attributes of a queue that sets none."""
    return _AT_FIRST | (_FIFO_AT_FIRST if name.endswith(".fifo") else {})


def changed(attributes: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """The attributes after a change. An empty value removes one, and a queue has one kind of encryption at most."""
    values = {**attributes, **{name: normal(name, value) for name, value in changes.items()}}
    if changes.get("KmsMasterKeyId"):
        values["SqsManagedSseEnabled"] = "false"
    elif changes.get("SqsManagedSseEnabled", "").lower() == "true":
        values["KmsMasterKeyId"] = ""
    return {name: value for name, value in values.items() if value}


def normal(name: str, value: str) -> str:
    """A value as GetQueueAttributes tells it."""
    if name == "RedrivePolicy" and value:
        policy = json.loads(value)
        return json.dumps(policy | {"maxReceiveCount": int(policy["maxReceiveCount"])}, separators=(",", ":"))
    if name == "Policy" and value:
        policy = json.loads(value)
        return json.dumps(policy) if policy.get("Statement") else ""
    if name in _NUMBERS:
        return str(int(value))
    return value.lower() if name == "FifoQueue" or _WORDS.get(name) == _BOOLEANS else value


def check_queue_name(name: str, attributes: Mapping[str, str]) -> None:
    """Raises unless a queue may have this name, which must suit its attribute FifoQueue."""
    is_fifo = attributes.get("FifoQueue", "").lower() == "true"
    if is_fifo and not name.endswith(".fifo"):
        raise errors.invalid_parameter(_BAD_FIFO_NAME)
    if len(name) > 80 or not re.fullmatch(r"[A-Za-z0-9_-]+", name.removesuffix(".fifo" if is_fifo else "")):
        raise errors.invalid_parameter(_BAD_NAME)


def check(arn: str, attributes: Mapping[str, str], here: Mapping[str, Queue]) -> None:
    """Raises unless a queue may have these attributes.

    Args:
        arn: of the queue.
        here: the queues of its account and Region by name; its dead-letter queue must be among them.
    """
    allowed = (*_OF_ALL, *_FIFO_ONLY) if arn.endswith(".fifo") else _OF_ALL
    for name in attributes:
        if name not in allowed:
            raise errors.unknown_attribute(name)
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled", "").lower() == "true":
        raise errors.invalid_name(
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE."
        )
    for name, value in attributes.items():
        if name in _NUMBERS and not is_number(value, *_NUMBERS[name]):
            raise errors.invalid_attribute(name)
        if name in _WORDS and value not in _WORDS[name]:
            raise errors.invalid_attribute(name)
        if name in ("Policy", "RedriveAllowPolicy") and value and _object(value) is None:
            raise errors.invalid_attribute(name)
    if redrive := attributes.get("RedrivePolicy"):
        _check_redrive(arn, redrive, here)


def check_throughput(attributes: Mapping[str, str]) -> None:
    """Raises for a limit for each message group without deduplication by message group."""
    scope = attributes.get("DeduplicationScope", "queue")
    if attributes.get("FifoThroughputLimit") == "perMessageGroupId" and scope != "messageGroup":
        raise errors.invalid_attribute("FifoThroughputLimit")


def check_change(queue: Queue, attributes: Mapping[str, str]) -> None:
    """Raises unless an existing queue may get these attributes."""
    check_throughput({"DeduplicationScope": queue.attributes.get("DeduplicationScope", "queue"), **attributes})
    if attributes.get("FifoQueue", "true").lower() != "true":
        raise errors.invalid_attribute("FifoQueue", "Modifying queue type is not supported.")


def is_number(value: object, least: int, most: int) -> bool:
    """Whether a text is a whole number in a range."""
    return re.fullmatch(r"-?\d{1,9}", str(value)) is not None and least <= int(str(value)) <= most


def _object(text: str) -> JsonObject | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _check_redrive(arn: str, text: str, here: Mapping[str, Queue]) -> None:
    """Raises unless a queue can have a redrive policy: a dead-letter queue of its kind that lets it."""
    reason = ""
    policy = _object(text)
    if policy is None:
        reason = "Redrive policy is not a valid JSON map."
    elif missing := [name for name in ("maxReceiveCount", "deadLetterTargetArn") if name not in policy]:
        reason = f"Redrive policy does not contain mandatory attribute: {missing[0]}."
    elif not is_number(policy["maxReceiveCount"], 1, 1000):
        count = policy["maxReceiveCount"]
        reason = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
    elif not re.fullmatch(r"arn:[^:]+:sqs:[^:]*:[^:]*:.+", str(policy["deadLetterTargetArn"])):
        reason = "Invalid value for deadLetterTargetArn."
    else:
        reason = _why_not(arn, policy["deadLetterTargetArn"], here)
    if reason:
        raise errors.invalid_value(text, "RedrivePolicy", reason)


def _why_not(arn: str, target_arn: str, here: Mapping[str, Queue]) -> str:
    """Why a queue can't have this dead-letter queue; "" if it can."""
    target = here.get(target_arn.rpartition(":")[2])
    if target is None or target.arn != target_arn:
        return "Dead letter target does not exist."
    if target.is_fifo != arn.endswith(".fifo"):
        return "Dead-letter queue must be same type of queue as the source."
    allows = json.loads(target.attributes.get("RedriveAllowPolicy", "{}"))
    permission = allows.get("redrivePermission", "allowAll")
    if permission == "denyAll" or (permission == "byQueue" and arn not in allows.get("sourceQueueArns", [])):
        return f"The RedriveAllowPolicy of {target_arn} does not allow this queue."
    return ""
