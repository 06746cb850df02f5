"""Topics of SNS, and what is published to them reaches their subscribers.

moto delivers while the publisher waits, to Lambda with an event made of placeholders, sends HTTP requests anywhere,
signs each message with its own key (milliseconds), keeps redrive policies without effect, and gives raw binary
attributes to SQS in base64. It takes attributes that no topic has, keeps some without effect, fails with status 500 on
a policy that isn't JSON, counts no subscription, and drops a batch entry that fails for most reasons.

Here a topic hands one delivery for each subscription to the outbox, AWS's checks come first, and subscribers over HTTP,
text messages and mobile push are refused. Nobody asks subscribers to confirm, so every token is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NoReturn

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSException, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.iam.permissions import InvalidCredentials, is_administrator
from serverless_cloud.plane import DataPlane
from serverless_cloud.sns import filters as sns_filters, validation as sns_rules
from serverless_cloud.sns.topics import MessageId, Topics

patches = Service("sns", defect="engine/tests/sns/test_push_patches.py::test_stock_moto_still_has_the_defects")

#: Calls that only need an ARN that is one, and the parameter that has it.
_NAMED_BY = {
    **dict.fromkeys(("delete_topic", "list_subscriptions_by_topic", "add_permission", "remove_permission"), "TopicArn"),
    "unsubscribe": "SubscriptionArn",
}
_PARTS_OF_ARN = 6
#: The values of attributes that a topic was created without.
_DEFAULTS = {"ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic", "SignatureVersion": "1"}
_NOT_HONOURED = ("ArchivePolicy", "DataProtectionPolicy")
#: Calls about mobile applications, their devices, and text messages, which the local cloud does not send.
_MOBILE = (
    "check_if_phone_number_is_opted_out", "create_platform_application", "create_platform_endpoint", "delete_endpoint",
    "delete_platform_application", "get_endpoint_attributes", "get_platform_application_attributes",
    "get_sms_attributes", "list_endpoints_by_platform_application", "list_phone_numbers_opted_out",
    "list_platform_applications", "opt_in_phone_number", "set_endpoint_attributes",
    "set_platform_application_attributes", "set_sms_attributes",
)  # fmt: skip
#: Of a message besides its text, as moto's `publish` names it.
_GIVEN = ("subject", "message_attributes", "group_id", "deduplication_id", "message_structure")


def connect(plane: DataPlane) -> None:
    """Puts the outbox behind topics."""
    current.parts[Topics] = topics = Topics(plane, _subscriptions_of)
    plane.forgetting.append(topics.clear)


def _subscriptions_of(topic_arn: str) -> JsonObject:
    _, _, _, region, account, _ = topic_arn.split(":")
    return sns_backends[account][region].subscriptions


@patches.replaces(
    "moto.sns.models:Topic.publish",
    expects=(
        "self, message, subject=None, message_attributes=None, group_id=None, deduplication_id=None, "
        "message_structure=None"
    ),
)
def publish_of_topic(topic: Topic, message: str, subject: str | None = None, **given: object) -> str:
    return current.parts[Topics].publish(
        topic, dict.fromkeys(_GIVEN) | given | {"message": message, "subject": subject}
    )


@patches.replaces(
    "moto.sns.models:SNSBackend.publish",
    expects=(
        "self, message, arn, phone_number=None, subject=None, message_attributes=None, group_id=None, "
        "deduplication_id=None, message_structure=None"
    ),
    upstream="Publish refuses messages that AWS refuses.",
)
def publish_of_backend(
    backend: SNSBackend, message: str, arn: str | None, phone_number: str | None = None, **given: Any
) -> str:
    del phone_number  # refused before
    require_arn("TopicArn", str(arn or ""))
    topic = backend.get_topic(str(arn))
    attributes = given.get("message_attributes") or {}
    with refusals():
        sizes = sum(len(k) + len(v["Type"]) + len(str(v["Value"])) for k, v in attributes.items())
        structure, most = given.get("message_structure"), most_bytes(topic)
        sns_rules.check_message(message, given.get("subject"), structure, sizes, most)
        sns_rules.check_order(
            is_fifo=bool(topic.fifo_topic),
            by_content=bool(topic.content_based_deduplication),
            group_id=given.get("group_id"),
            deduplication_id=given.get("deduplication_id"),
        )
    return topic.publish(message, **given)


@patches.replaces(
    "moto.sns.models:SNSBackend.publish_batch", upstream="In a batch, each message is accepted or refused by itself."
)
def publish_batch_of_backend(
    backend: SNSBackend, topic_arn: str, publish_batch_request_entries: list[JsonObject]
) -> tuple[list[dict[str, str]], list[JsonObject]]:
    backend.get_topic(topic_arn)
    done, failed = [], []
    for entry in publish_batch_request_entries:
        try:
            message_id = backend.publish(
                entry["Message"],
                topic_arn,
                subject=entry.get("Subject"),
                message_attributes=entry.get("MessageAttributes", {}),
                group_id=entry.get("MessageGroupId"),
                deduplication_id=entry.get("MessageDeduplicationId"),
                message_structure=entry.get("MessageStructure"),
            )
        except SNSException as error:
            row = {"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True}
            failed.append(row)
        else:
            done.append({"Id": entry["Id"], "MessageId": str(message_id)} | _numbered(message_id))
    return done, failed


@patches.replaces("moto.sns.models:SNSBackend.subscribe")
def subscribe_of_backend(backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    check_subscriber(backend, topic_arn, protocol, endpoint)
    return subscribe_of_backend.original(backend, topic_arn, endpoint, protocol)


@patches.replaces("moto.sns.models:SNSBackend.set_subscription_attributes")
def set_subscription_attributes_of_backend(backend: SNSBackend, arn: str, name: str, value: object) -> None:
    subscription = backend.subscriptions.get(arn)
    if subscription is None:
        raise SNSNotFoundError("Subscription does not exist")
    settings = subscription.attributes
    scope = settings.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
    with refusals("Invalid parameter: "):
        sns_rules.check_attribute(
            name, str(value or ""), subscription.protocol, subscription.endpoint, subscription.topic.arn, scope
        )
    if name == "RawMessageDelivery":
        settings[name] = str(value).lower() == "true"
    elif not value or value == "{}":  # an empty policy is none
        settings.pop(name, None)
    else:
        settings[name] = value


def _numbered(message_id: str) -> dict[str, str]:
    return {"SequenceNumber": message_id.sequence_number} if isinstance(message_id, MessageId) else {}


@patches.replaces("moto.sns.responses:SNSResponse.publish")
def answer_publish(response: SNSResponse) -> ActionResult:
    target, topic_arn, number = (response._get_param(name) for name in ("TargetArn", "TopicArn", "PhoneNumber"))
    with refusals():
        if not (target or topic_arn or number):
            raise sns_rules.SnsError("Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")
        if number:
            raise NotHonoured("PhoneNumber in publish")
        if ":endpoint/" in str(target):
            raise NotHonoured("publish to a mobile device")
        want_arn(response, "TargetArn" if target else "TopicArn")
        sns_rules.check_attributes(response._get_param("MessageAttributes", {}))
    published: Any = answer_publish.original(response).result
    message_id = published["MessageId"]
    return ActionResult({"MessageId": str(message_id)} | _numbered(message_id))


@patches.replaces("moto.sns.responses:SNSResponse.publish_batch")
def answer_publish_batch(response: SNSResponse) -> ActionResult:
    want_arn(response, "TopicArn")
    entries = response._get_param("PublishBatchRequestEntries", [])
    topic = response.backend.get_topic(response._get_param("TopicArn"))
    with refusals():
        sns_rules.check_batch(entries, most_bytes(topic))
        for entry in entries:  # one of these errors refuses the whole batch, other errors only their entry
            sns_rules.check_attributes(entry.get("MessageAttributes") or {})
            if entry.get("MessageStructure") == "json":
                sns_rules.by_protocol(str(entry.get("Message")))
            sns_rules.check_order(
                is_fifo=bool(topic.fifo_topic),
                by_content=bool(topic.content_based_deduplication),
                group_id=entry.get("MessageGroupId"),
                deduplication_id=entry.get("MessageDeduplicationId"),
            )
    return answer_publish_batch.original(response)


@patches.replaces("moto.sns.responses:SNSResponse.subscribe", upstream="A refused subscription isn't kept.")
def answer_subscribe(response: SNSResponse) -> ActionResult:
    want_arn(response, "TopicArn")
    topic_arn, endpoint = response._get_param("TopicArn"), str(response._get_param("Endpoint") or "")
    protocol, given = response._get_param("Protocol"), dict(response._get_param("Attributes") or {})
    check_subscriber(response.backend, topic_arn, protocol, endpoint)
    scope = given.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
    with refusals("Invalid parameter: Attributes Reason: "):
        for name, value in given.items():
            sns_rules.check_attribute(name, str(value or ""), protocol, endpoint, topic_arn, scope)
        old = response.backend._find_subscription(topic_arn, endpoint, protocol)
        if old is not None and _differs(old.attributes, given):
            raise sns_rules.SnsError("Subscription already exists with different attributes")
    answer = answer_subscribe.original(response)
    made = response.backend._find_subscription(topic_arn, endpoint, protocol)
    if old is None and made is not None:
        made.attributes["SubscriptionPrincipal"] = _caller(response)
        if protocol.startswith("email"):  # the reader of the address would have to confirm
            made.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
    if made is not None and is_pending(made) and not response._get_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return answer


def is_pending(subscription: Subscription) -> bool:
    """Whether a subscription waits for a confirmation."""
    return bool(subscription.attributes["PendingConfirmation"])


def _caller(response: SNSResponse) -> str:
    """The ARN of the user or the role's session that calls; the learner is a user of the account."""
    token = response.headers.get("X-Amz-Security-Token", "")
    if not is_administrator(response.access_key):
        with contextlib.suppress(InvalidCredentials):
            return current.plane.permissions.identities.of_key(response.access_key, token).principal.arn
    return f"arn:aws:iam::{response.current_account}:user/moto"


@patches.replaces("moto.sns.responses:SNSResponse.confirm_subscription")
def confirm_subscription(response: SNSResponse) -> ActionResult:
    want_arn(response, "TopicArn")
    with refusals():
        raise sns_rules.SnsError("Invalid parameter: Token")


@patches.replaces("moto.sns.responses:SNSResponse.set_subscription_attributes")
def answer_set_subscription_attributes(response: SNSResponse) -> ActionResult:
    """moto makes False of every wrong RawMessageDelivery."""
    want_arn(response, "SubscriptionArn")
    name, value = response._get_param("AttributeName"), response._get_param("AttributeValue")
    response.backend.set_subscription_attributes(response._get_param("SubscriptionArn"), name, value)
    return ActionResult({})


@patches.replaces(
    "moto.sns.responses:SNSResponse.create_topic", upstream="CreateTopic refuses attributes that no topic has."
)
def create_topic(response: SNSResponse) -> ActionResult:
    given, name = dict(response._get_param("Attributes") or {}), response._get_param("Name")
    if response._get_param("DataProtectionPolicy"):
        given["DataProtectionPolicy"] = ""
    check_attributes(given)
    tags = response._get_param("Tags") or []
    with refusals():
        sns_rules.check_new_topic(name, given)
        sns_rules.check_tags(tags)
        if old := response.backend.topics.get(f"arn:aws:sns:{response.region}:{response.current_account}:{name}"):
            _require_same(old, given, {tag["Key"]: tag["Value"] for tag in tags})
    return create_topic.original(response)


def _require_same(old: Topic, given: JsonObject, tags: dict[str, str]) -> None:
    """Raises if an existing topic has other attributes or tags than the topic that is wanted."""
    for name, value in given.items():
        if (kept_value(old, name) or _DEFAULTS.get(name, "")) != str(value):
            reason = "Topic already exists with different attributes"
            raise sns_rules.SnsError(f"Invalid parameter: Attributes Reason: {reason}")
    if not tags.items() <= old._tags.items():
        raise sns_rules.SnsError("Invalid parameter: Tags Reason: Topic already exists with different tags")


def kept_value(topic: Topic, name: str) -> str:
    """An attribute of moto's topic as it was given; "" if it was not."""
    value = getattr(topic, camelcase_to_underscores(name), None)
    return str(value).lower() if isinstance(value, bool) else str(value or "")


@patches.replaces(
    "moto.sns.responses:SNSResponse.set_topic_attributes",
    upstream="SetTopicAttributes refuses attributes that no topic has.",
)
def set_topic_attributes(response: SNSResponse) -> ActionResult:
    want_arn(response, "TopicArn")
    name, value = response._get_param("AttributeName"), str(response._get_param("AttributeValue") or "")
    _refuse_what_is_not_honoured([name])
    topic = response.backend.get_topic(response._get_param("TopicArn"))
    protocols = [each.protocol for each in subscriptions_of(response.backend, topic)]
    with refusals("Invalid parameter: "):
        sns_rules.check_topic_attribute(name, value, protocols)
        sns_rules.check_change(name, value, is_fifo=bool(topic.fifo_topic))
    return set_topic_attributes.original(response)


def _differs(kept: JsonObject, given: JsonObject) -> bool:
    usual = {"FilterPolicyScope": sns_filters.ATTRIBUTES}
    return any(str((usual | kept).get(name, "")).lower() != str(value).lower() for name, value in given.items())


def want_arn(response: SNSResponse, parameter: str) -> None:
    """moto fails with status 500 on a text that isn't an ARN of a topic, and ignores one of no subscription."""
    given = str(response._get_param(parameter) or "")
    require_arn(parameter, given)
    if parameter != "SubscriptionArn" and given.split(":")[3] != response.region:  # each Region has its own topics
        raise SNSException("InvalidParameter", f"Invalid parameter: {parameter}")


@patches.replaces_each(
    "moto.sns.responses:SNSResponse", _NAMED_BY, expects="self", upstream="Calls refuse a text that isn't an ARN."
)
def _answer_named(patch: Patch[..., ActionResult], response: SNSResponse) -> ActionResult:
    want_arn(response, _NAMED_BY[patch.name])
    if patch.name == "unsubscribe" and response._get_param("SubscriptionArn").count(":") < _PARTS_OF_ARN:
        raise SNSException("InvalidParameter", "Invalid parameter: SubscriptionId")
    return patch.original(response)


@patches.replaces_each("moto.sns.responses:SNSResponse", _MOBILE, expects="self")
def _refuse_mobile(patch: Patch[..., ActionResult], response: SNSResponse) -> NoReturn:
    del response
    with refusals():
        raise NotHonoured(patch.name)


def require_arn(parameter: str, given: str) -> None:
    """Raises moto's exception unless a text has the form of an ARN."""
    if (parts := len(given.split(":"))) < _PARTS_OF_ARN:
        reason = f"An ARN must have at least {_PARTS_OF_ARN} elements, not {parts}"  # words from public reports
        raise SNSException("InvalidParameter", f"Invalid parameter: {parameter} Reason: {reason}")


@contextlib.contextmanager
def refusals(before: str = "") -> Iterator[None]:
    """Turns what the rules refuse into moto's exception. `before`: "Invalid parameter: " and so on."""
    try:
        yield
    except sns_rules.SnsError as error:
        raise SNSException(error.code, f"{before}{error}") from error
    except NotHonoured as error:
        raise SNSException(error.error_type, error.message) from error


def check_attributes(given: JsonObject) -> None:
    """Raises moto's exception unless a new topic may have these attributes."""
    _refuse_what_is_not_honoured(list(given))
    for name, value in given.items():
        try:
            sns_rules.check_topic_attribute(name, str(value or ""))
        except sns_rules.SnsError as refused:
            reason = f"Unknown attribute {name}" if str(refused) == "AttributeName" else str(refused)
            raise SNSException(refused.code, f"Invalid parameter: Attributes Reason: {reason}") from refused


def _refuse_what_is_not_honoured(names: list[str]) -> None:
    for name in names:
        if name in _NOT_HONOURED:
            with refusals():
                raise NotHonoured(name)


def most_bytes(topic: Topic) -> int:
    """How large a message to a topic may be, in bytes."""
    return int(getattr(topic, "maximum_message_size", None) or sns_rules.MESSAGE_BYTES)


def subscriptions_of(backend: SNSBackend, topic: Topic) -> list[Subscription]:
    """moto's subscriptions of a topic."""
    return [each for each in list(backend.subscriptions.values()) if each.topic is topic]


def check_subscriber(backend: SNSBackend, topic_arn: str, protocol: str, endpoint: str) -> None:
    """Raises moto's exception unless a topic may have the subscriber."""
    topic = backend.get_topic(topic_arn)
    with refusals():
        sns_rules.check_endpoint(topic_arn, protocol, endpoint)
    protocols = [each.protocol for each in subscriptions_of(backend, topic) if each.endpoint != endpoint]
    with refusals("Invalid parameter: "):
        sns_rules.check_large(most_bytes(topic), [*protocols, protocol])
