"""The state of SNS: topics with their subscriptions, by account and Region."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass, field

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.sns import filters

MESSAGE_BYTES = 262_144  # API reference, Publish: 256 KB, message attributes included; a topic may set another limit
_DEDUPLICATION_S = 300.0  # Developer Guide, "Message deduplication for FIFO topics": five minutes


@dataclass(eq=False)
class Subscription:
    """One subscriber of a topic.

    Args:
        arn: the topic's, with an id at its end.
        protocol, endpoint: "sqs" and the ARN of a queue, for example.
        owner: the account that subscribed.
        principal: the ARN of the user or session that subscribed.
        is_pending: whether it waits for a confirmation.
        attributes: its settings, as texts.
    """

    arn: str
    topic: Topic
    protocol: str
    endpoint: str
    owner: str
    principal: str
    is_pending: bool = False
    attributes: dict[str, str] = field(default_factory=lambda: {"RawMessageDelivery": "false"})
    _policy: JsonObject = field(default_factory=dict)

    def change(self, name: str, value: str) -> None:
        """Sets an attribute that was checked. An empty text or policy removes it."""
        if name == "RawMessageDelivery":
            self.attributes = {**self.attributes, name: value.lower()}
        elif value in ("", "{}"):
            self.attributes = {key: content for key, content in self.attributes.items() if key != name}
        else:
            self.attributes = {**self.attributes, name: value}
        self._policy = json.loads(self.attributes.get("FilterPolicy", "{}"))

    @property
    def is_raw(self) -> bool:
        """Whether a queue gets the message without SNS's envelope."""
        return self.attributes["RawMessageDelivery"] == "true"

    @property
    def scope(self) -> str:
        """The part of a message that its filter policy looks at, "MessageAttributes" or "MessageBody"."""
        return self.attributes.get("FilterPolicyScope", filters.ATTRIBUTES)

    @property
    def dead_letter_arn(self) -> str:
        """The queue for messages that can't be delivered; empty without one."""
        policy = json.loads(self.attributes.get("RedrivePolicy", "{}"))
        return str(policy.get("deadLetterTargetArn") or "")

    def wants(self, attributes: JsonObject, message: str) -> bool:
        """Whether a message passes the filter policy. Args: as of `filters.matches`."""
        return not self._policy or filters.matches(self._policy, self.scope, attributes, message)


@dataclass(frozen=True)
class Published:
    """The answer to the publisher of a message. Args: sequence_number: only a FIFO topic gives one."""

    message_id: str
    sequence_number: str | None = None


class Memory:
    """The memory of a FIFO topic for its messages. Its lock makes the order of the numbers the order of deliveries."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._recent: dict[str, tuple[float, Published]] = {}
        self._last_number = 0

    def first(self, deduplication_id: str) -> Published | None:
        """The message with the same deduplication identifier, if it came within five minutes. The lock is held."""
        now_s = time.monotonic()
        while self._recent and now_s - next(iter(self._recent.values()))[0] >= _DEDUPLICATION_S:
            del self._recent[next(iter(self._recent))]  # the oldest stands first
        return self._recent[deduplication_id][1] if deduplication_id in self._recent else None

    def add(self, deduplication_id: str) -> Published:
        """Numbers a new message and remembers it. The lock is held."""
        self._last_number += 1
        published = Published(str(uuid.uuid4()), f"1{self._last_number:019}")
        self._recent[deduplication_id] = (time.monotonic(), published)
        return published


class Topic:
    """One topic.

    Args:
        arn: of the topic.
        attributes: its settings, as texts, and always the policy; see `attributes.py`.
        tags: by key.
    """

    def __init__(self, arn: str, attributes: dict[str, str], tags: dict[str, str]) -> None:
        self.arn, self.attributes, self.tags = arn, attributes, tags
        self.owner = arn.split(":")[4]
        self.is_fifo = arn.endswith(".fifo")
        self.subscriptions: dict[str, Subscription] = {}
        self.memory = Memory()

    @property
    def policy(self) -> str:
        """The policy that says who may use it, JSON."""
        return self.attributes["Policy"]

    @property
    def most_bytes(self) -> int:
        """How large a message may be."""
        return int(self.attributes.get("MaximumMessageSize", MESSAGE_BYTES))

    @property
    def is_by_content(self) -> bool:
        """Whether messages without a deduplication identifier are compared by their content."""
        return self.attributes.get("ContentBasedDeduplication") == "true"

    def find(self, protocol: str, endpoint: str) -> Subscription | None:
        """The subscription of a subscriber."""
        for subscription in self.all_subscriptions():
            if (subscription.protocol, subscription.endpoint) == (protocol, endpoint):
                return subscription
        return None

    def all_subscriptions(self) -> list[Subscription]:
        """Its subscriptions at this moment, oldest first."""
        return list(self.subscriptions.values())


class Topics:
    """All topics and subscriptions of the local cloud."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._topics: dict[tuple[str, str], dict[str, Topic]] = {}
        self._subscriptions: dict[tuple[str, str], dict[str, Subscription]] = {}

    def of(self, account_id: str, region: str) -> dict[str, Topic]:
        """The topics of an account in a Region by ARN, oldest first."""
        return self._topics.setdefault((account_id, region), {})

    def get(self, arn: str) -> Topic | None:
        """The topic with an ARN."""
        parts = arn.split(":")
        return self.of(parts[4], parts[3]).get(arn) if len(parts) == 6 else None

    def create(self, arn: str, attributes: dict[str, str], tags: dict[str, str]) -> Topic:
        """Creates a topic, unless it exists. Args: as for `Topic`."""
        _, _, _, region, account_id, _ = arn.split(":")
        with self._lock:
            return self.of(account_id, region).setdefault(arn, Topic(arn, attributes, tags))

    def delete(self, topic: Topic) -> None:
        """Deletes a topic with its subscriptions."""
        region = topic.arn.split(":")[3]
        with self._lock:
            self.of(topic.owner, region).pop(topic.arn, None)
            for subscription in topic.all_subscriptions():
                self.subscriptions_of(subscription.owner, region).pop(subscription.arn, None)

    def subscriptions_of(self, account_id: str, region: str) -> dict[str, Subscription]:
        """The subscriptions that an account has made in a Region by ARN, oldest first."""
        return self._subscriptions.setdefault((account_id, region), {})

    def subscribe(
        self, topic: Topic, protocol: str, endpoint: str, owner: str, principal: str, *, is_pending: bool
    ) -> Subscription:
        """Adds a subscription to a topic, or finds the one of the same subscriber. Args: as for `Subscription`."""
        region = topic.arn.split(":")[3]
        with self._lock:
            if (old := topic.find(protocol, endpoint)) is not None:
                return old
            arn = f"{topic.arn}:{uuid.uuid4()}"
            subscription = Subscription(arn, topic, protocol, endpoint, owner, principal, is_pending)
            topic.subscriptions[arn] = self.subscriptions_of(owner, region)[arn] = subscription
            return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Removes a subscription."""
        topic = subscription.topic
        with self._lock:
            topic.subscriptions.pop(subscription.arn, None)
            self.subscriptions_of(subscription.owner, topic.arn.split(":")[3]).pop(subscription.arn, None)

    def clear(self) -> None:
        """Forgets all topics, because the cloud is emptied."""
        with self._lock:
            self._topics.clear()
            self._subscriptions.clear()
