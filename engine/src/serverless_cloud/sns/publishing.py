"""SNS: from a published message to one delivery for each subscription.

Rules: Amazon SNS Developer Guide, "Message deduplication for FIFO topics", "Amazon SNS dead-letter queues".
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from serverless_cloud.core.background import Tasks
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.permissions import Caller, Permissions
from serverless_cloud.lambda_.calling import FunctionGone, Functions
from serverless_cloud.sns import messages, validation
from serverless_cloud.sns.messages import Notification
from serverless_cloud.sns.outbox import Delivery, Outbox, Undeliverable
from serverless_cloud.sns.queue_sending import QueueSender
from serverless_cloud.sns.topics import Published, Subscription, Topic, Topics
from serverless_cloud.sqs.queues import Queues

PRINCIPAL = "sns.amazonaws.com"
RAW_ATTRIBUTES = 10  # "Amazon SNS message attributes": more are discarded as a client-side error


@dataclass(frozen=True)
class Message:
    """A message to a topic that was checked.

    Args:
        attributes: as in the API: {"DataType": "String", "StringValue": "lamp"}.
        structure: "json" if the text has a text for each protocol.
    """

    text: str
    subject: str | None = None
    attributes: Mapping[str, JsonObject] = field(default_factory=dict)
    structure: str | None = None
    group_id: str | None = None
    deduplication_id: str | None = None


class Publisher:
    """Publishes to topics.

    Args:
        topics: SNS's state.
        queues, functions: the subscribers.
        permissions: whether a topic or subscriber must let the sender in.
        tasks: where deliveries run.
    """

    def __init__(
        self, topics: Topics, queues: Queues, functions: Functions, permissions: Permissions, tasks: Tasks
    ) -> None:
        self._topics, self._functions, self._permissions = topics, functions, permissions
        self._queues = QueueSender(queues, permissions, PRINCIPAL)
        self._outbox = Outbox(tasks, "sns-delivery")

    def clear(self) -> None:
        """Forgets what is under way."""
        self._outbox.clear()

    def publish_for(self, principal: str, source_arn: str, source_account: str, arn: str, message: Message) -> None:
        """Publishes for an AWS service.

        Args:
            principal: the service, "s3.amazonaws.com".
            source_arn, source_account: of what sends, a bucket.
            arn: of the topic.

        Raises:
            Undeliverable: the topic is gone, or does not allow the service.
        """
        if (topic := self._topics.get(arn)) is None:
            raise Undeliverable(f"The topic {arn} does not exist")
        try:
            self._permissions.require_resource_policy(
                topic.policy, principal, "sns:Publish", arn, source_arn, source_account
            )
        except AccessDenied as error:
            raise Undeliverable(str(error)) from error
        self.publish(topic, message)

    def publish(self, topic: Topic, message: Message) -> Published:
        """Hands a message to the outbox, for each subscription whose filter it passes.

        Returns:
            Its id; for a duplicate within five minutes, the id of the first message.
        """
        if not topic.is_fifo:
            published = Published(str(uuid.uuid4()))
            self._send(topic, message, published)
            return published
        deduplication_id = message.deduplication_id or hashlib.sha256(message.text.encode()).hexdigest()
        by_group = topic.attributes.get("FifoThroughputScope") == "MessageGroup"
        same = deduplication_id + (f"/{message.group_id}" if by_group else "")
        with topic.memory.lock:
            if (first := topic.memory.first(same)) is not None:
                return first
            published = topic.memory.add(same)
            self._send(topic, replace(message, deduplication_id=deduplication_id), published)
        return published

    def _send(self, topic: Topic, message: Message, published: Published) -> None:
        attributes = {name: _sent_attribute(value) for name, value in message.attributes.items()}
        texts = validation.by_protocol(message.text) if message.structure == "json" else None
        notification = Notification(
            message_id=published.message_id,
            topic_arn=topic.arn,
            message=message.text,
            timestamp=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            subject=message.subject,
            # "Message attributes are sent only when the message structure is String, not JSON."
            attributes=None if texts is not None else attributes,
            signature_version=topic.attributes.get("SignatureVersion", "1"),
            group_id=message.group_id,
            deduplication_id=message.deduplication_id,
            sequence_number=published.sequence_number,
        )
        for subscription in topic.all_subscriptions():
            text = message.text if texts is None else texts.get(subscription.protocol, texts["default"])
            if subscription.wants(attributes, text):
                self._put(subscription, notification if texts is None else replace(notification, message=text))

    def _put(self, subscription: Subscription, notification: Notification) -> None:
        """One delivery, with the subscription's settings as they are now."""
        arn, is_raw, dead_letter_arn = subscription.arn, subscription.is_raw, subscription.dead_letter_arn
        if subscription.protocol == "sqs":
            send = partial(self._to_queue, subscription.endpoint, arn, notification, is_raw=is_raw)
        elif subscription.protocol == "lambda":
            send = partial(self._to_function, subscription.endpoint, arn, notification)
        else:
            return  # email, Firehose: nothing is sent

        def give_up(reason: str) -> None:
            del reason
            if dead_letter_arn:
                fits_raw = is_raw and len(notification.attributes or {}) <= RAW_ATTRIBUTES
                self._to_queue(dead_letter_arn, arn, notification, is_raw=fits_raw)

        lane = arn if notification.sequence_number is not None else ""
        self._outbox.put(Delivery(send, give_up, lane))

    def _to_function(self, arn: str, subscription_arn: str, notification: Notification) -> None:
        event = messages.lambda_event(notification, subscription_arn)
        topic_arn = notification.topic_arn
        try:
            self._functions.submit(arn, event, Caller(PRINCIPAL, topic_arn, topic_arn.split(":")[4]))
        except (FunctionGone, AccessDenied) as error:
            raise Undeliverable(str(error)) from error

    def _to_queue(self, arn: str, subscription_arn: str, notification: Notification, *, is_raw: bool) -> None:
        attributes = messages.sqs_attributes(notification) if is_raw else {}
        if len(attributes) > RAW_ATTRIBUTES:
            raise Undeliverable(f"SQS accepts at most {RAW_ATTRIBUTES} message attributes, not {len(attributes)}")
        envelope = messages.envelope(notification, subscription_arn)
        self._queues.send(
            arn,
            notification.message if is_raw else messages.as_text(envelope),
            notification.topic_arn,
            attributes=attributes,
            group_id=notification.group_id,
            deduplication_id=notification.deduplication_id,
        )


def _sent_attribute(attribute: JsonObject) -> JsonObject:
    """A message attribute as subscribers get it: {"Type": "String", "Value": "lamp"}, a binary value in base64."""
    kind = attribute["DataType"]
    if kind.startswith("Binary"):
        return {"Type": kind, "Value": base64.b64encode(attribute["BinaryValue"]).decode()}
    return {"Type": kind, "Value": attribute["StringValue"]}
