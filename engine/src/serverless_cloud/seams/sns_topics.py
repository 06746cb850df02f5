"""Seam: topics of SNS, and what is published to them reaches their subscribers (moto 5.2.5).

moto delivers while the publisher waits, to Lambda with an event made of placeholders, sends HTTP requests anywhere,
signs each message with its own key (milliseconds), keeps redrive policies without effect, and gives raw binary
attributes to SQS in base64. It takes attributes that no topic has, keeps some without effect, fails with status 500 on
a policy that isn't JSON, and counts no subscription. Replaced here:

- `Topic.publish`: makes the message and hands one delivery for each subscription to the outbox.
- `SNSBackend.publish`, `publish_batch`: AWS's checks first. moto drops a batch entry that fails for most reasons.
- `SNSBackend.subscribe`, `set_subscription_attributes`, and the same two of `SNSResponse`: AWS's checks, before a
  subscription is made; a subscriber over HTTP is refused.
- `SNSResponse.publish`, `publish_batch`: message attributes are checked, SequenceNumber is told.
- `SNSResponse.confirm_subscription`: nobody asks subscribers to confirm, so every token is refused.
- `SNSResponse.create_topic`, `set_topic_attributes`: AWS's checks first, then the local cloud's refusals.
- `SNSResponse.get_topic_attributes`: subscriptions are counted, MaximumMessageSize is told.
- The calls of `SNSResponse` in `_NAMED_BY`: moto fails with status 500 on a text that isn't the ARN of a topic, and
  ignores a text that isn't the ARN of a subscription, such as "pending confirmation".

Worth an upstream change: all but what the local cloud does not do, such as the evaluation of filter policies
(anything-but on lists, equals-ignore-case, cidr, $or in bodies), the raw attributes, the batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.sns import models
from moto.sns.exceptions import SNSException, SNSNotFoundError
from moto.sns.responses import SNSResponse

from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import NotHonoured
from serverless_cloud.seams.queue_sending import send_to_queue
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.sns import filters as sns_filters, rules as sns_rules
from serverless_cloud.sns.topics import MessageId, Topics

#: The parameter that must be an ARN, and the calls that have it.
_NAMED_BY = {
    "TopicArn": ("subscribe", "get_topic_attributes", "set_topic_attributes", "delete_topic", "publish_batch",
                 "list_subscriptions_by_topic", "confirm_subscription", "add_permission", "remove_permission"),
    "SubscriptionArn": ("get_subscription_attributes", "set_subscription_attributes", "unsubscribe"),
}  # fmt: skip
_PARTS_OF_ARN = 6
_NOT_HONOURED = ("ArchivePolicy", "DataProtectionPolicy", "DeliveryPolicy")
#: Of a message besides its text, as moto's `publish` names it.
_GIVEN = ("subject", "message_attributes", "group_id", "deduplication_id", "message_structure")


def install(plane: DataPlane) -> None:
    """Puts the outbox behind topics."""
    topics = Topics(plane, _subscriptions_of, send_to_queue)
    plane.forgetting.append(topics.clear)
    _Topic.install(topics=topics)
    _Backend.install()
    _Answers.install()
    for parameter, calls in _NAMED_BY.items():
        for name in calls:
            _want_arn(SNSResponse, name, parameter)


def _subscriptions_of(topic_arn: str) -> Any:
    _, _, _, region, account, _ = topic_arn.split(":")
    return models.sns_backends[account][region].subscriptions


class _Topic(Replacement, of=models.Topic):
    topics: Topics

    def publish(self: Any, message: str, subject: str | None = None, **given: Any) -> str:
        return _Topic.topics.publish(self, dict.fromkeys(_GIVEN) | given | {"message": message, "subject": subject})


class _Backend(Replacement, of=models.SNSBackend):
    def publish(self: Any, message: str, arn: str | None, phone_number: str | None = None, **given: Any) -> Any:
        if phone_number or ":endpoint/" in str(arn):  # to a telephone, a mobile device
            return _Backend.moto.publish(self, message, arn, phone_number, **given)
        require_arn("TopicArn", str(arn or ""))
        topic = self.get_topic(arn)
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

    def publish_batch(
        self: Any, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
    ) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
        self.get_topic(topic_arn)
        done, failed = [], []
        for entry in publish_batch_request_entries:
            try:
                message_id = self.publish(
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

    def subscribe(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        check_subscriber(self, topic_arn, protocol, endpoint)
        return _Backend.moto.subscribe(self, topic_arn, endpoint, protocol)

    def set_subscription_attributes(self: Any, arn: str, name: str, value: Any) -> None:
        subscription = self.subscriptions.get(arn)
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


class _Answers(Replacement, of=SNSResponse):
    def publish(self: Any) -> Any:
        with refusals():
            sns_rules.check_attributes(self._get_param("MessageAttributes", {}))
        message_id = _Answers.moto.publish(self).result["MessageId"]
        return ActionResult({"MessageId": str(message_id)} | _numbered(message_id))

    def publish_batch(self: Any) -> Any:
        entries = self._get_param("PublishBatchRequestEntries", [])
        most = most_bytes(self.backend.get_topic(self._get_param("TopicArn")))
        with refusals():
            sns_rules.check_batch(entries, most)
            for entry in entries:
                sns_rules.check_attributes(entry.get("MessageAttributes") or {})
        return _Answers.moto.publish_batch(self)

    def subscribe(self: Any) -> Any:
        topic_arn, endpoint = self._get_param("TopicArn"), str(self._get_param("Endpoint") or "")
        protocol, given = self._get_param("Protocol"), dict(self._get_param("Attributes") or {})
        check_subscriber(self.backend, topic_arn, protocol, endpoint)
        scope = given.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
        with refusals("Invalid parameter: Attributes Reason: "):
            for name, value in given.items():
                sns_rules.check_attribute(name, str(value or ""), protocol, endpoint, topic_arn, scope)
            old = self.backend._find_subscription(topic_arn, endpoint, protocol)
            if old is not None and _differs(old.attributes, given):
                raise sns_rules.Refused("Subscription already exists with different attributes")
        return _Answers.moto.subscribe(self)

    def confirm_subscription(self: Any) -> Any:
        with refusals():
            raise sns_rules.Refused("Invalid parameter: Token")

    def set_subscription_attributes(self: Any) -> Any:
        """moto makes False of every wrong RawMessageDelivery."""
        name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
        self.backend.set_subscription_attributes(self._get_param("SubscriptionArn"), name, value)
        return ActionResult({})

    def create_topic(self: Any) -> Any:
        given = dict(self._get_param("Attributes") or {})
        if self._get_param("DataProtectionPolicy"):
            given["DataProtectionPolicy"] = ""
        check_attributes(given)
        return _Answers.moto.create_topic(self)

    def set_topic_attributes(self: Any) -> Any:
        name, value = self._get_param("AttributeName"), str(self._get_param("AttributeValue") or "")
        _refuse_what_is_not_honoured([name])
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        protocols = [each.protocol for each in subscriptions_of(self.backend, topic)]
        with refusals("Invalid parameter: "):
            sns_rules.check_topic_attribute(name, value, protocols)
        return _Answers.moto.set_topic_attributes(self)

    def get_topic_attributes(self: Any) -> Any:
        answer = _Answers.moto.get_topic_attributes(self)
        attributes = answer.result["Attributes"]
        topic = self.backend.get_topic(attributes["TopicArn"])
        attributes["SubscriptionsPending"] = 0
        attributes["SubscriptionsConfirmed"] = len(subscriptions_of(self.backend, topic))
        if size := getattr(topic, "maximum_message_size", None):
            attributes["MaximumMessageSize"] = str(size)
        return answer


def _differs(kept: dict[str, Any], given: dict[str, Any]) -> bool:
    return any(str(kept.get(name, "")).lower() != str(value).lower() for name, value in given.items())


def _want_arn(response_class: Any, name: str, parameter: str) -> None:
    call: Callable[[Any], Any] = getattr(response_class, name)

    def checked(self: Any) -> Any:
        require_arn(parameter, str(self._get_param(parameter) or ""))
        return call(self)

    setattr(response_class, name, checked)


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
    except sns_rules.Refused as error:
        raise SNSException(error.code, f"{before}{error}") from error
    except NotHonoured as error:
        raise SNSException(error.error_type, error.message) from error


def check_attributes(given: dict[str, Any]) -> None:
    """Raises moto's exception unless a new topic may have these attributes."""
    _refuse_what_is_not_honoured(list(given))
    for name, value in given.items():
        try:
            sns_rules.check_topic_attribute(name, str(value or ""))
        except sns_rules.Refused as refused:
            reason = f"Unknown attribute {name}" if str(refused) == "AttributeName" else str(refused)
            raise SNSException(refused.code, f"Invalid parameter: Attributes Reason: {reason}") from refused


def _refuse_what_is_not_honoured(names: list[str]) -> None:
    for name in names:
        if name in _NOT_HONOURED:
            with refusals():
                raise NotHonoured(name)


def most_bytes(topic: Any) -> int:
    """How large a message to a topic may be, in bytes."""
    return int(getattr(topic, "maximum_message_size", None) or sns_rules.MESSAGE_BYTES)


def subscriptions_of(backend: Any, topic: Any) -> list[Any]:
    """moto's subscriptions of a topic."""
    return [each for each in list(backend.subscriptions.values()) if each.topic is topic]


def check_subscriber(backend: Any, topic_arn: str, protocol: str, endpoint: str) -> None:
    """Raises moto's exception unless a topic may have the subscriber."""
    topic = backend.get_topic(topic_arn)
    with refusals():
        sns_rules.check_endpoint(topic_arn, protocol, endpoint)
    protocols = [each.protocol for each in subscriptions_of(backend, topic) if each.endpoint != endpoint]
    with refusals("Invalid parameter: "):
        sns_rules.check_large(most_bytes(topic), [*protocols, protocol])
