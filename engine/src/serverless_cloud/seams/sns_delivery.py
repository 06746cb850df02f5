"""Seam: what is published to a topic reaches its subscribers (moto 5.2.5).

moto delivers while the publisher waits, to Lambda with an event made of placeholders, sends HTTP requests anywhere,
signs each message with a key of its own (milliseconds), keeps redrive policies without effect, and gives raw binary
attributes to SQS in base64. Replaced here:

- `Topic.publish`: makes the message and hands one delivery for each subscription to the outbox.
- `SNSBackend.publish`, `publish_batch`: AWS's checks first. moto drops a batch entry that fails for most reasons.
- `SNSBackend.subscribe`, `set_subscription_attributes`, and the same two of `SNSResponse`: AWS's checks, before a
  subscription is made; a subscriber over HTTP is refused.
- `SNSResponse.publish`, `publish_batch`: message attributes are checked, SequenceNumber is told.
- `SNSResponse.confirm_subscription`: no subscriber is asked to confirm, so every token is refused.

Topics and their attributes have a seam of their own, `sns_topics`. Worth an upstream change: the evaluation of filter
policies (anything-but on lists, equals-ignore-case, cidr, $or in bodies), the raw attributes, the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sns import models
from moto.sns.exceptions import SNSException, SNSNotFoundError
from moto.sns.responses import SNSResponse

from serverless_cloud.plane import DataPlane
from serverless_cloud.seams import sns_topics
from serverless_cloud.seams.queue_sending import send_to_queue
from serverless_cloud.sns import filters as sns_filters, rules as sns_rules
from serverless_cloud.sns.topics import MessageId, Topics


def install(plane: DataPlane) -> None:
    """Puts the outbox behind topics."""

    def subscriptions_of(topic_arn: str) -> Any:
        _, _, _, region, account, _ = topic_arn.split(":")
        return models.sns_backends[account][region].subscriptions

    topics = Topics(plane, subscriptions_of, send_to_queue)
    plane.forgetting.append(topics.clear)
    _install_publishing(topics)
    _install_subscribing()
    sns_topics.install()


def _install_publishing(topics: Topics) -> None:
    topic_class: Any = models.Topic
    backend_class: Any = models.SNSBackend
    response_class: Any = SNSResponse
    elsewhere: Callable[..., str] = backend_class.publish  # to a telephone, a mobile device
    answer_publish: Callable[[Any], Any] = response_class.publish
    answer_batch: Callable[[Any], Any] = response_class.publish_batch

    def publish_to_topic(
        self: Any,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        given = {
            "message": message,
            "subject": subject,
            "message_attributes": message_attributes,
            "group_id": group_id,
            "deduplication_id": deduplication_id,
            "message_structure": message_structure,
        }
        return topics.publish(self, given)

    def publish(
        self: Any,
        message: str,
        arn: str | None,
        phone_number: str | None = None,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        if phone_number or ":endpoint/" in str(arn):
            return elsewhere(
                self, message, arn, phone_number, subject, message_attributes, group_id, deduplication_id,
                message_structure,
            )  # fmt: skip
        sns_topics.require_arn("TopicArn", str(arn or ""))
        topic = self.get_topic(arn)
        with sns_topics.refusals():
            sizes = sum(len(k) + len(v["Type"]) + len(str(v["Value"])) for k, v in (message_attributes or {}).items())
            sns_rules.check_message(message, subject, message_structure, sizes, sns_topics.most_bytes(topic))
            sns_rules.check_order(
                is_fifo=bool(topic.fifo_topic),
                by_content=bool(topic.content_based_deduplication),
                group_id=group_id,
                deduplication_id=deduplication_id,
            )
        found: str = topic.publish(message, subject, message_attributes, group_id, deduplication_id, message_structure)
        return found

    def publish_batch(
        self: Any, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
    ) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
        self.get_topic(topic_arn)
        done, failed = [], []
        for entry in publish_batch_request_entries:
            try:
                message_id = publish(
                    self,
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

    def answer_with_number(self: Any) -> Any:
        with sns_topics.refusals():
            sns_rules.check_attributes(self._get_param("MessageAttributes", {}))
        answer = answer_publish(self)
        message_id = answer.result["MessageId"]
        return ActionResult({"MessageId": str(message_id)} | _numbered(message_id))

    def answer_checked_batch(self: Any) -> Any:
        entries = self._get_param("PublishBatchRequestEntries", [])
        most = sns_topics.most_bytes(self.backend.get_topic(self._get_param("TopicArn")))
        with sns_topics.refusals():
            sns_rules.check_batch(entries, most)
            for entry in entries:
                sns_rules.check_attributes(entry.get("MessageAttributes") or {})
        return answer_batch(self)

    topic_class.publish = publish_to_topic
    backend_class.publish = publish
    backend_class.publish_batch = publish_batch
    response_class.publish = answer_with_number
    response_class.publish_batch = answer_checked_batch


def _numbered(message_id: str) -> dict[str, str]:
    return {"SequenceNumber": message_id.sequence_number} if isinstance(message_id, MessageId) else {}


def _install_subscribing() -> None:
    backend_class: Any = models.SNSBackend
    response_class: Any = SNSResponse
    keep: Callable[..., Any] = backend_class.subscribe
    answer_subscribe: Callable[[Any], Any] = response_class.subscribe

    def subscribe(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        sns_topics.check_subscriber(self, topic_arn, protocol, endpoint)
        return keep(self, topic_arn, endpoint, protocol)

    def set_subscription_attributes(self: Any, arn: str, name: str, value: Any) -> None:
        subscription = self.subscriptions.get(arn)
        if subscription is None:
            raise SNSNotFoundError("Subscription does not exist")
        settings = subscription.attributes
        scope = settings.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
        with sns_topics.refusals("Invalid parameter: "):
            sns_rules.check_attribute(
                name, str(value or ""), subscription.protocol, subscription.endpoint, subscription.topic.arn, scope
            )
        if name == "RawMessageDelivery":
            settings[name] = str(value).lower() == "true"
        elif not value or value == "{}":  # an empty policy is none
            settings.pop(name, None)
        else:
            settings[name] = value

    def answer_checked(self: Any) -> Any:
        topic_arn, endpoint = self._get_param("TopicArn"), str(self._get_param("Endpoint") or "")
        protocol, given = self._get_param("Protocol"), dict(self._get_param("Attributes") or {})
        sns_topics.check_subscriber(self.backend, topic_arn, protocol, endpoint)
        scope = given.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
        with sns_topics.refusals("Invalid parameter: Attributes Reason: "):
            for name, value in given.items():
                sns_rules.check_attribute(name, str(value or ""), protocol, endpoint, topic_arn, scope)
            old = self.backend._find_subscription(topic_arn, endpoint, protocol)
            if old is not None and _differs(old.attributes, given):
                raise sns_rules.Refused("Subscription already exists with different attributes")
        return answer_subscribe(self)

    def confirm_subscription(_: Any) -> Any:
        with sns_topics.refusals():
            raise sns_rules.Refused("Invalid parameter: Token")

    def set_subscription_attributes_as_given(self: Any) -> Any:
        """moto makes False of every wrong RawMessageDelivery."""
        name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
        self.backend.set_subscription_attributes(self._get_param("SubscriptionArn"), name, value)
        return ActionResult({})

    backend_class.subscribe = subscribe
    backend_class.set_subscription_attributes = set_subscription_attributes
    response_class.subscribe = answer_checked
    response_class.set_subscription_attributes = set_subscription_attributes_as_given
    response_class.confirm_subscription = confirm_subscription


def _differs(kept: dict[str, Any], given: dict[str, Any]) -> bool:
    return any(str(kept.get(name, "")).lower() != str(value).lower() for name, value in given.items())
