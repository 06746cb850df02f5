"""SNS: from a published message to one delivery for each subscription. Topics and subscriptions are moto's objects.

Rules: Amazon SNS Developer Guide, "Message deduplication for FIFO topics", "Amazon SNS dead-letter queues".
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.errors import AccessDenied
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.plane import DataPlane
from serverless_cloud.sns import filters as sns_filters, messages as sns_messages, validation as sns_rules
from serverless_cloud.sns.messages import Notification
from serverless_cloud.sns.outbox import Delivery, Outbox, Undeliverable
from serverless_cloud.sns.queue_sending import send_to_queue

PRINCIPAL = "sns.amazonaws.com"
DEDUPLICATION_S = 300.0  # five minutes
RAW_ATTRIBUTES = 10  # "Amazon SNS message attributes": more are discarded as a client-side error


class MessageId(str):
    """The id of a message of a FIFO topic, with its sequence number on the way to the answer."""

    sequence_number: str


class Topics:
    """Publishes to topics, and knows what FIFO topics must remember.

    Args:
        subscriptions_of: all subscriptions, by their ARN, of the account and Region of a topic's ARN.
    """

    def __init__(self, plane: DataPlane, subscriptions_of: Callable[[str], JsonObject]) -> None:
        self._plane, self._subscriptions_of = plane, subscriptions_of
        self._outbox = Outbox(plane.tasks, "sns-delivery")
        self._lock = threading.Lock()  # FIFO: the order of the numbers is the order of the deliveries
        self._recent_ids: dict[tuple[str, str], tuple[float, MessageId]] = {}
        self._last_number = 0

    def clear(self) -> None:
        """Forgets what is under way and what was seen."""
        self._outbox.clear()
        with self._lock:
            self._recent_ids.clear()

    def publish(self, topic: Any, request: JsonObject) -> str:
        """Hands a checked message to the outbox, for each subscription that it passes the filter of.

        Returns:
            Its id; for a duplicate within five minutes, the id of the first message.
        """
        if not topic.fifo_topic:
            message_id = str(uuid.uuid4())
            self._send(topic, request, message_id, None)
            return message_id
        content = hashlib.sha256(request["message"].encode()).hexdigest()
        request["deduplication_id"] = request["deduplication_id"] or content
        by_group = getattr(topic, "fifo_throughput_scope", "") == "MessageGroup"
        seen_as = (topic.arn, request["deduplication_id"] + (f"/{request['group_id']}" if by_group else ""))
        with self._lock:
            now_s = time.monotonic()
            while self._recent_ids and now_s - next(iter(self._recent_ids.values()))[0] >= DEDUPLICATION_S:
                del self._recent_ids[next(iter(self._recent_ids))]  # the oldest stands first
            if seen_as in self._recent_ids:
                return self._recent_ids[seen_as][1]
            self._last_number += 1
            fresh = MessageId(uuid.uuid4())
            fresh.sequence_number = f"1{self._last_number:019}"
            self._recent_ids[seen_as] = (now_s, fresh)
            self._send(topic, request, fresh, fresh.sequence_number)
        return fresh

    def _send(self, topic: Any, request: JsonObject, message_id: str, number: str | None) -> None:
        attributes = request["message_attributes"] or {}
        texts = sns_rules.by_protocol(request["message"]) if request["message_structure"] == "json" else None
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for subscription in list(self._subscriptions_of(topic.arn).values()):
            message = request["message"]
            if texts is not None:
                message = texts.get(subscription.protocol, texts["default"])
            if subscription.topic is not topic or not _wants(subscription, attributes, message):
                continue
            sent = Notification(
                message_id=str(message_id),
                topic_arn=topic.arn,
                message=message,
                timestamp=moment,
                subject=request["subject"],
                # "Message attributes are sent only when the message structure is String, not JSON."
                attributes=None if texts is not None else attributes,
                signature_version=str(getattr(topic, "signature_version", "") or "1"),
                group_id=request["group_id"],
                deduplication_id=request["deduplication_id"],
                sequence_number=number,
            )
            self._put(subscription, sent)

    def _put(self, subscription: Any, sent: Notification) -> None:
        """One delivery, with the subscription's settings as they are now."""
        to, settings = subscription.endpoint, dict(subscription.attributes)
        raw = str(settings.get("RawMessageDelivery")).lower() == "true"
        dead_letters = json.loads(settings.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
        if subscription.protocol == "sqs":
            send = partial(self._to_queue, to, subscription.arn, sent, raw=raw)
        elif subscription.protocol == "lambda":
            send = partial(self._to_function, to, subscription.arn, sent)
        else:
            return  # e-mail, Firehose: moto keeps the subscription, and nothing is sent

        def give_up(reason: str) -> None:
            del reason
            if dead_letters:
                is_raw = raw and len(sent.attributes or {}) <= RAW_ATTRIBUTES
                self._to_queue(dead_letters, subscription.arn, sent, raw=is_raw)

        lane = subscription.arn if sent.sequence_number is not None else ""
        self._outbox.put(Delivery(send, give_up, lane))

    def _to_function(self, arn: str, subscription_arn: str, sent: Notification) -> None:
        event = sns_messages.lambda_event(sent, subscription_arn)
        caller = Caller(PRINCIPAL, sent.topic_arn, sent.topic_arn.split(":")[4])
        try:
            self._plane.functions.submit(arn, event, caller)
        except (FunctionGone, AccessDenied) as error:
            raise Undeliverable(str(error)) from error

    def _to_queue(self, arn: str, subscription_arn: str, sent: Notification, *, raw: bool) -> None:
        attributes = sns_messages.sqs_attributes(sent) if raw else {}
        if len(attributes) > RAW_ATTRIBUTES:
            raise Undeliverable(f"SQS accepts at most {RAW_ATTRIBUTES} message attributes, not {len(attributes)}")
        body = sent.message if raw else sns_messages.as_text(sns_messages.envelope(sent, subscription_arn))
        send_to_queue(
            self._plane,
            arn,
            body,
            PRINCIPAL,
            sent.topic_arn,
            attributes=attributes,
            group_id=sent.group_id,
            deduplication_id=sent.deduplication_id,
        )


def _wants(subscription: Any, attributes: JsonObject, message: str) -> bool:
    settings = subscription.attributes
    policy = json.loads(settings.get("FilterPolicy") or "{}")
    scope = settings.get("FilterPolicyScope") or sns_filters.ATTRIBUTES
    return not policy or sns_filters.matches(policy, scope, attributes, message)
