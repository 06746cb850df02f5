"""The rules for the parameters of SNS. No moto, no I/O.

Rules: Amazon SNS API reference (Publish, PublishBatch, Subscribe, SetSubscriptionAttributes) and Developer Guide,
"Amazon SNS message attributes".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from serverless_cloud.core.jackson import words_of
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sns import errors, filters as sns_filters
from serverless_cloud.sns.topics import MESSAGE_BYTES

LEAST_MAXIMUM_BYTES, MOST_MAXIMUM_BYTES = 1_024, 1_048_576  # API reference, SetTopicAttributes: MaximumMessageSize
LARGE_PROTOCOLS, LARGE_SUBSCRIPTIONS = ("sqs", "lambda", "firehose"), 100  # the same, for more than 256 KB
SUBJECT_CHARACTERS = 100
BATCH_ENTRIES = 10
NAME_BYTES = 256  # of a message attribute
PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")
_QUEUE_ARN = re.compile(r"arn:[^:]+:sqs:[a-z]{2}(-[a-z]+)+-\d+:\d{12}:[^:]+")
SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "SubscriptionRoleArn",
)  # fmt: skip


#: API reference, SetTopicAttributes; ArchivePolicy and DataProtectionPolicy are refused before.
TOPIC_ATTRIBUTES = frozenset(
    {
        "ContentBasedDeduplication", "DeliveryPolicy", "DisplayName", "FifoThroughputScope", "FifoTopic",
        "KmsMasterKeyId", "MaximumMessageSize", "Policy", "SignatureVersion", "TracingConfig",
    }
    | {
        f"{receiver}{what}"
        for receiver in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for what in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
    }
)  # fmt: skip


_ONLY_FIFO = "Content-based deduplication can only be set for FIFO topics"
#: Attributes with few values.
_WORDS = {"SignatureVersion": ("1", "2"), "TracingConfig": ("Active", "PassThrough")}
#: The delivery policy for HTTP of a topic that sets none, as GetTopicAttributes returns it on AWS.
_HTTP_POLICY = {
    "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear",
    },
    "disableSubscriptionOverrides": False,
    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
}  # fmt: skip


# ---- topics


def check_topic_attribute(name: str, value: str, protocols: Sequence[str] = ()) -> None:
    """Raises ServiceError unless a topic may have an attribute.

    Args:
        protocols: of the topic's subscriptions.
    """
    if name not in TOPIC_ATTRIBUTES:
        raise errors.invalid("AttributeName")
    if name == "Policy" and value:
        try:
            policy = json.loads(value)
        except ValueError:
            policy = None
        if not isinstance(policy, dict):
            raise errors.invalid("Policy Error: null")
    if value and value not in _WORDS.get(name, (value,)):
        raise errors.invalid(name)
    if name == "DeliveryPolicy" and value:
        _check_delivery_policy(_object("DeliveryPolicy", value).get("http") or {})
    if name == "MaximumMessageSize":
        if not re.fullmatch(r"\d{1,9}", value) or not LEAST_MAXIMUM_BYTES <= int(value) <= MOST_MAXIMUM_BYTES:
            raise errors.invalid(
                f"MaximumMessageSize Reason: it must be a whole number from {LEAST_MAXIMUM_BYTES} to "
                f"{MOST_MAXIMUM_BYTES}, in bytes"
            )
        check_large(int(value), protocols)


def _check_delivery_policy(http: Any) -> None:
    """Raises ServiceError unless the members of a delivery policy for HTTP have the types of AWS's own policy."""
    if not isinstance(http, dict):
        raise errors.invalid("DeliveryPolicy: http must be an object")
    for name, usual in _HTTP_POLICY.items():
        if not isinstance(http.get(name) or usual, type(usual)):
            raise errors.invalid(f"DeliveryPolicy: http.{name} has a wrong type")


def check_new_topic(name: str, attributes: Mapping[str, str]) -> None:
    """Raises ServiceError unless a new topic may have these attributes together."""
    fifo = attributes.get("FifoTopic")
    if fifo is not None and fifo.lower() != "true":
        raise errors.invalid("Attributes Reason: Unknown attribute FifoTopic")
    if not name.endswith(".fifo") and attributes.get("ContentBasedDeduplication", "").lower() == "true":
        raise errors.invalid(f"{_ONLY_FIFO}")


def check_change(name: str, value: str, *, is_fifo: bool) -> None:
    """Raises ServiceError unless an existing topic may get an attribute."""
    if name == "FifoTopic":
        raise errors.invalid("AttributeName")
    if name == "ContentBasedDeduplication" and value.lower() == "true" and not is_fifo:
        raise errors.invalid(_ONLY_FIFO)


def check_tags(tags: Sequence[Mapping[str, str]]) -> None:
    """Raises ServiceError if two tags have the same key."""
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise errors.invalid("Duplicated keys are not allowed.")


def effective_policy(delivery_policy: str) -> str:
    """The delivery policy that holds: a topic's own settings, and AWS's for the others."""
    own = json.loads(delivery_policy or "{}").get("http") or {}
    merged = {
        name: value | (own.get(name) or {}) if isinstance(value, dict) else own.get(name, value)
        for name, value in _HTTP_POLICY.items()
    }
    return json.dumps({"http": own | merged}, separators=(",", ":"))


def check_large(maximum_bytes: int, protocols: Sequence[str]) -> None:
    """Raises ServiceError if a topic with such messages has subscriptions that take none above 256 KB."""
    if maximum_bytes > MESSAGE_BYTES:
        others = sorted(set(protocols) - set(LARGE_PROTOCOLS))
        if others or len(protocols) > LARGE_SUBSCRIPTIONS:
            raise errors.invalid(
                f"MaximumMessageSize Reason: above {MESSAGE_BYTES} bytes a topic can have at most "
                f"{LARGE_SUBSCRIPTIONS} subscriptions, only with the protocols {', '.join(LARGE_PROTOCOLS)}"
                + (f", not {', '.join(others)}" * bool(others))
            )


# ---- subscriptions


def check_endpoint(topic_arn: str, protocol: str, endpoint: str) -> None:
    """Raises ServiceError unless a topic may have a subscriber with this protocol."""
    if protocol not in PROTOCOLS:
        raise errors.invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if topic_arn.endswith(".fifo") and protocol != "sqs":
        raise errors.invalid(f"Invalid protocol type: {protocol}")
    if protocol == "sqs" and not _QUEUE_ARN.fullmatch(endpoint):
        raise errors.invalid("SQS endpoint ARN")
    if protocol == "sqs" and endpoint.endswith(".fifo") and not topic_arn.endswith(".fifo"):
        raise errors.invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
    if protocol == "lambda" and not re.fullmatch(r"arn:[^:]+:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?", endpoint):
        raise errors.invalid("Lambda endpoint ARN")
    if protocol.startswith("email") and "@" not in endpoint:
        raise errors.invalid("Email address")
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        raise errors.invalid("Endpoint must match the specified protocol")
    if protocol in ("http", "https", "sms", "application"):
        raise NotHonoured(f"subscriptions with the protocol {protocol}")


def check_attribute(name: str, value: str, protocol: str, endpoint: str, topic_arn: str, scope: str) -> None:
    """Raises ServiceError unless a subscription may have an attribute.

    Args:
        name, value: of the attribute, as they were given.
        scope: its FilterPolicyScope, as it will be.
    """
    if name == "ReplayPolicy":
        raise NotHonoured("ReplayPolicy")
    if name not in SUBSCRIPTION_ATTRIBUTES:
        raise errors.invalid("AttributeName")
    if name == "RawMessageDelivery":
        if value.lower() not in ("true", "false"):
            raise errors.invalid(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
        if value.lower() == "true" and protocol not in ("sqs", "firehose"):
            raise errors.invalid(f"Delivery protocol [{protocol}] does not support raw message delivery.")
    elif name == "FilterPolicyScope" and value not in (sns_filters.ATTRIBUTES, sns_filters.BODY):
        raise errors.invalid(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    elif name == "FilterPolicy" and value:
        try:
            sns_filters.parse(value, scope)
        except sns_filters.FilterPolicyError as refusal:
            raise errors.invalid(str(refusal)) from refusal
    elif name == "RedrivePolicy" and value:
        _check_redrive(value, endpoint, topic_arn)
    elif name == "DeliveryPolicy" and value:
        raise errors.invalid(f"DeliveryPolicy: Delivery protocol [{protocol}] does not support delivery policies.")


def _object(name: str, value: str) -> dict[str, Any]:
    try:
        content = json.loads(value)
    except json.JSONDecodeError as error:
        raise errors.invalid(f"{name}: failed to parse JSON. {words_of(error)}") from error
    if not isinstance(content, dict):
        raise errors.invalid(f"{name}: failed to parse JSON. It must be an object.")
    return content


def _check_redrive(value: str, endpoint: str, topic_arn: str) -> None:
    queue = str(_object("RedrivePolicy", value).get("deadLetterTargetArn", ""))
    if not _QUEUE_ARN.fullmatch(queue):
        raise errors.invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if topic_arn.endswith(".fifo") and endpoint.endswith(".fifo") and not queue.endswith(".fifo"):
        raise errors.invalid("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")


# ---- messages


def check_message(
    message: str | None,
    subject: str | None,
    structure: str | None,
    size_of_attributes: int = 0,
    most_bytes: int = MESSAGE_BYTES,
) -> None:
    """Raises ServiceError unless a message may be published. `size_of_attributes`, `most_bytes`: in bytes."""
    if not message:
        raise errors.invalid("Empty message")
    if subject is not None and not re.fullmatch(rf"[^\x00-\x1f\x7f]{{1,{SUBJECT_CHARACTERS}}}", subject):
        raise errors.invalid("Subject")
    if structure not in (None, "", "json"):
        raise errors.invalid("Invalid message structure: give json, or leave it out")
    if len(message.encode()) + size_of_attributes > most_bytes:
        raise errors.invalid("Message too long")
    if structure == "json":
        by_protocol(message)


def by_protocol(message: str) -> dict[str, str]:
    """The texts of a message with MessageStructure "json"; "default" is there.

    Raises:
        ServiceError: AWS would not take it.
    """
    try:
        texts = json.loads(message)
    except ValueError as error:
        raise errors.invalid("Message Structure - JSON message body failed to parse") from error
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise errors.invalid("Message Structure - No default entry in JSON message body")
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def check_order(*, is_fifo: bool, by_content: bool, group_id: str | None, deduplication_id: str | None) -> None:
    """Raises ServiceError unless the ids of a message suit its topic. `by_content`: ContentBasedDeduplication."""
    if is_fifo:
        if not group_id:
            raise errors.invalid("The MessageGroupId parameter is required for FIFO topics")
        if not deduplication_id and not by_content:
            raise errors.invalid(
                "The topic should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )
    elif deduplication_id:
        raise errors.invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
            "that is not valid for this topic type"
        )


def check_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ServiceError unless message attributes are as they should be.

    Args:
        attributes: by name, as in the API: {"DataType": "String", "StringValue": "lamp"}.
    """
    for name, attribute in attributes.items():
        _check_name(name)
        kind = str(attribute.get("DataType") or "") if isinstance(attribute, Mapping) else ""  # a name without a value
        base = kind.split(".")[0]
        if base not in ("String", "Number", "Binary") or kind == f"{base}.":
            raise errors.invalid_message_attribute(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            )
        field, other = ("BinaryValue", "StringValue") if base == "Binary" else ("StringValue", "BinaryValue")
        if attribute.get(other) and not attribute.get(field):
            raise errors.invalid_message_attribute(
                f"The message attribute '{name}' with type '{kind}' must use field '{field.removesuffix('Value')}'."
            )
        if not attribute.get(field):
            raise errors.invalid_message_attribute(
                f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
                f"type '{kind}'."
            )
        if base == "Number" and not _is_number(str(attribute[field])):
            raise errors.invalid_message_attribute(f"Could not cast message attribute '{name}' value to number.")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _check_name(name: str) -> None:
    reason = ""
    if name.lower().startswith(("aws.", "amazon.")) and not name.startswith(("AWS.SNS.", "AWS.MM.")):
        reason = "Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by Amazon."
    elif not name or len(name.encode()) > NAME_BYTES:
        reason = f"Length of message attribute name must be less than {NAME_BYTES} bytes."
    elif bad := re.search(r"[^A-Za-z0-9_.-]", name):
        reason = (
            f"Invalid non-alphanumeric character '#x{ord(bad.group()):X}' was found in the message attribute name. "
            "Can only include alphanumeric characters, hyphens, underscores, or dots."
        )
    elif name.startswith("."):
        reason = "Invalid message attribute name starting with character '.' was found."
    elif name.endswith("."):
        reason = "Invalid message attribute name ending with character '.' was found."
    elif ".." in name:
        reason = "Message attribute name can not have successive '.' character."
    if reason:
        raise errors.invalid_message_attribute(reason)


def size_of(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """How many bytes message attributes count for: names, types and values."""
    total = 0
    for name, attribute in attributes.items():
        if not isinstance(attribute, Mapping):  # a name without a value
            continue
        value = attribute.get("BinaryValue") or attribute.get("StringValue") or ""
        total += (
            len(name.encode())
            + len(str(attribute.get("DataType", "")))
            + len(value if isinstance(value, bytes) else str(value).encode())
        )
    return total


def check_batch(entries: Sequence[Mapping[str, Any]], most_bytes: int = MESSAGE_BYTES) -> None:
    """Raises ServiceError unless the entries of a batch may be taken together. `most_bytes`: the topic's limit."""
    if not entries:
        raise ServiceError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > BATCH_ENTRIES:
        raise ServiceError("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
    ids = [str(entry.get("Id", "")) for entry in entries]
    for entry_id in ids:
        if len(entry_id) > 80:
            raise ServiceError(
                "InvalidBatchEntryId", f"The Id of a batch entry in the batch request is too long: {entry_id}"
            )
        if not re.fullmatch(r"[A-Za-z0-9_-]+", entry_id):
            text = f"The Id of a batch entry in the batch request contains an impermissible character: {entry_id}"
            raise ServiceError("InvalidBatchEntryId", text)
    if len(set(ids)) != len(ids):
        raise ServiceError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    sizes = (len(str(e.get("Message", "")).encode()) + size_of(e.get("MessageAttributes") or {}) for e in entries)
    if sum(sizes) > most_bytes:
        raise ServiceError("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
