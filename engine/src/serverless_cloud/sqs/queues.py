"""The state of SQS: queues by account and Region, and their messages.

Rules (Amazon SQS Developer Guide, "Visibility timeout", "Delay queues", "Using dead-letter queues", "Short and long
polling"): a message that was received is in flight, and nobody else gets it, until its visibility timeout ends or it is
deleted. A message that was received as often as the redrive policy allows moves to the dead-letter queue instead of
being received again. A receipt handle stands for one receive of one message.

Delays and timeouts go by a clock that nobody sets (`core/clock.py`). Receivers get times of the computer's clock.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from serverless_cloud.core import clock
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sqs import errors, fifo

MOST_VISIBILITY_S = 43_200  # twelve hours, counted from when the message was received
_SENDER_ID = "AIDAIT2UOQQY3AUEKVGXU"
_PURGE_MS = 60_000.0  # API reference: PurgeQueue
_LONGEST_WAIT_S = 1.0  # a receiver looks again after it whatever happens


class AttributeValue(TypedDict):
    """A message attribute, as in the API. The value is a text or bytes, as DataType says."""

    DataType: str
    StringValue: NotRequired[str]
    BinaryValue: NotRequired[bytes]


Attributes = dict[str, AttributeValue]


@dataclass(eq=False)
class Message:
    """One message in a queue.

    Args:
        attributes: the sender's own.
        system_attributes: AWSTraceHeader.
        id: stays the same in a dead-letter queue.
        sent_ms: by the steady clock; `wall_sent_ms`: by the computer's.
        visible_ms: when receivers may get it: after its delay, or after its visibility timeout.
        sequence_number: of a FIFO queue; otherwise 0.
        receipt_handle: of its last receive; empty if this queue has not given it to anybody.
        receive_count: across all queues.
        received_ms: when it was received last; `wall_received_ms`: when first, by the computer's clock.
        source_arn: the queue that it came from into this dead-letter queue.
    """

    body: str
    attributes: Attributes = field(default_factory=dict)
    system_attributes: Attributes = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent_ms: float = field(default_factory=lambda: clock.now_ms())
    wall_sent_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    visible_ms: float = 0.0
    sequence_number: int = 0
    receipt_handle: str = ""
    receive_count: int = 0
    received_ms: float = 0.0
    wall_received_ms: int = 0
    source_arn: str = ""

    @property
    def body_md5(self) -> str:
        """MD5OfBody."""
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()

    def system_values(self) -> dict[str, str]:
        """The system attributes that a receiver can ask for."""
        trace = self.system_attributes.get("AWSTraceHeader")
        values = {
            "ApproximateReceiveCount": str(self.receive_count),
            "SentTimestamp": str(self.wall_sent_ms),
            "SenderId": _SENDER_ID,
            "ApproximateFirstReceiveTimestamp": str(self.wall_received_ms),
            "SequenceNumber": str(self.sequence_number) if self.sequence_number else None,
            "MessageGroupId": self.group_id,
            "MessageDeduplicationId": self.deduplication_id,
            "AWSTraceHeader": trace.get("StringValue") if trace else None,
            "DeadLetterQueueSourceArn": self.source_arn or None,
        }
        return {name: value for name, value in values.items() if value is not None}


def attributes_md5(attributes: Attributes) -> str:
    """The MD5 of message attributes, as the SDKs compute it.

    Source: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
    """
    digest = hashlib.md5(usedforsecurity=False)

    def add(value: bytes) -> None:
        digest.update(len(value).to_bytes(4, "big") + value)

    for name, value in sorted(attributes.items()):
        add(name.encode())
        add(value["DataType"].encode())
        if text := value.get("StringValue"):
            digest.update(b"\x01")
            add(text.encode())
        elif content := value.get("BinaryValue"):
            digest.update(b"\x02")
            add(content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Counts:
    """The messages of a queue at one moment; each message is in one of the counts."""

    visible: int
    in_flight: int
    delayed: int


def _any_size(_: Message) -> bool:
    return True


def _no_receipt(receipt_handle: str) -> ServiceError:
    text = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
    return ServiceError("ReceiptHandleIsInvalid", text)


class Queue:
    """One queue. Its methods take the lock of all queues, since a receive can move messages into another queue.

    Args:
        arn: of the queue.
        attributes: as GetQueueAttributes tells them, texts; see `attributes.py`.
        tags: by key.
        neighbors: the queues of its account and Region by name; its dead-letter queue is one of them.
        lock: of all queues.
    """

    def __init__(
        self,
        arn: str,
        attributes: dict[str, str],
        tags: dict[str, str],
        neighbors: dict[str, Queue],
        lock: threading.RLock,
    ) -> None:
        self.arn, self.attributes, self.tags = arn, attributes, tags
        self.name = arn.rpartition(":")[2]
        self.is_fifo = self.name.endswith(".fifo")
        self.created_s = self.changed_s = int(time.time())
        self._purged_ms = -_PURGE_MS  # by a clock that may begin at 0
        self._neighbors = neighbors
        self._messages: dict[str, Message] = {}
        self._deduplication = fifo.Deduplication()
        self._lock, self._changed = lock, threading.Condition(lock)

    # ---- attributes

    def number(self, name: str) -> int:
        """An attribute that is a number: DelaySeconds, VisibilityTimeout and so on."""
        return int(self.attributes[name])

    def change(self, attributes: dict[str, str]) -> None:
        """Replaces all attributes."""
        self.attributes, self.changed_s = attributes, int(time.time())

    @property
    def policy(self) -> str | None:
        """The policy that says who may use it."""
        return self.attributes.get("Policy")

    @property
    def dead_letter_queue(self) -> Queue | None:
        """None if the queue has none, or it was deleted. Messages for it then stay."""
        return self._neighbors.get(self._redrive.get("deadLetterTargetArn", "").rpartition(":")[2])

    @property
    def _redrive(self) -> JsonObject:
        policy: JsonObject = json.loads(self.attributes.get("RedrivePolicy", "{}"))
        return policy

    # ---- sending

    def add(self, message: Message) -> None:
        """Puts a message into the queue. A duplicate gets the first message's identifiers, and is not put there."""
        with self._lock:
            by_group = self.attributes.get("DeduplicationScope") == "messageGroup"
            if self.is_fifo and self._deduplication.is_duplicate(message, by_group=by_group):
                return
            self._messages[message.id] = message
            self._changed.notify_all()

    def _add_dead_letter(self, message: Message, source_arn: str) -> None:
        """Takes a message over from another queue.

        SQS Developer Guide: a standard queue keeps the time of sending (the retention period goes on), a FIFO queue
        doesn't, and takes the message's id as deduplication identifier.
        """
        message.visible_ms, message.receipt_handle, message.source_arn = 0.0, "", source_arn
        if self.is_fifo:
            message.deduplication_id, message.sequence_number = message.id, self._deduplication.next_number()
            message.sent_ms, message.wall_sent_ms = clock.now_ms(), int(time.time() * 1000)
        self._messages[message.id] = message
        self._changed.notify_all()

    # ---- receiving

    def receivable(self, now_ms: float) -> Iterator[Message]:
        """The messages that a receiver may get, oldest first; of a FIFO queue in its order. The lock is held."""
        messages = self._messages.values()
        if self.is_fifo:
            return fifo.in_order(messages, now_ms)
        return (message for message in messages if message.visible_ms <= now_ms)

    def receive(
        self, most: int, wait_s: float, visibility_timeout_s: int, fits: Callable[[Message], bool] = _any_size
    ) -> list[Message]:
        """Receives messages: copies of them, so that a later receive doesn't change them.

        Args:
            most: messages.
            wait_s: how long it waits for the first one.
            fits: whether the receiver has room for one more message; without room the receive ends.
        """
        end_s = time.monotonic() + wait_s
        with self._lock:
            while not (messages := self._take(most, visibility_timeout_s, fits)):
                left_s = end_s - time.monotonic()
                if left_s <= 0 or self._neighbors.get(self.name) is not self:
                    break
                self.wait(min(left_s, _LONGEST_WAIT_S))
        return messages

    def _take(self, most: int, visibility_timeout_s: int, fits: Callable[[Message], bool]) -> list[Message]:
        now_ms, dead_letters = clock.now_ms(), self.dead_letter_queue
        oldest_ms = now_ms - self.number("MessageRetentionPeriod") * 1000
        most_receives = self._redrive["maxReceiveCount"] if dead_letters is not None else float("inf")
        messages: list[Message] = []
        expired: list[Message] = []
        dead: list[Message] = []
        for message in self.receivable(now_ms):
            if len(messages) >= most:
                break
            if message.sent_ms <= oldest_ms:
                expired.append(message)
            elif message.receive_count >= most_receives:
                dead.append(message)
            elif fits(message):
                # One moment for all of them, so that a batch comes back as one.
                message.received_ms, message.visible_ms = now_ms, now_ms + visibility_timeout_s * 1000
                message.wall_received_ms = message.wall_received_ms or int(time.time() * 1000)
                message.receive_count += 1
                message.receipt_handle = self._new_receipt(message)
                messages.append(copy.copy(message))
            else:
                break
        for message in (*expired, *dead):
            del self._messages[message.id]
        if dead_letters is not None:
            for message in dead:
                dead_letters._add_dead_letter(message, self.arn)
        return messages

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is a message to receive; whether there is one."""
        end_s = time.monotonic() + timeout_s
        with self._lock:
            while True:
                now_ms = clock.now_ms()
                if next(self.receivable(now_ms), None) is not None:
                    return True
                left_s = end_s - time.monotonic()
                if left_s <= 0:
                    return False
                later_ms = (message.visible_ms for message in self._messages.values() if message.visible_ms > now_ms)
                due_s = (min(later_ms, default=float("inf")) - now_ms) / 1000
                self._changed.wait(min(left_s, due_s + 0.001, _LONGEST_WAIT_S))

    # ---- receipts

    def _new_receipt(self, message: Message) -> str:
        """A receipt handle. It names queue and message, so receipts of deleted messages need no memory."""
        return base64.b64encode(f"{uuid.uuid4()} {self.arn} {message.id} {time.time()}".encode()).decode()

    def _message_of(self, receipt_handle: str) -> Message | None:
        """The message that a receipt was given for; None if it is not in the queue any more.

        Raises:
            ServiceError: the text isn't a receipt of this queue.
        """
        try:
            _, arn, message_id, _ = base64.b64decode(receipt_handle, validate=True).decode().split(" ")
        except ValueError as error:
            raise _no_receipt(receipt_handle) from error
        if arn != self.arn:
            raise _no_receipt(receipt_handle)
        return self._messages.get(message_id)

    def delete(self, receipt_handle: str) -> None:
        """Deletes a message. A message that is no longer there counts as deleted.

        Raises:
            ServiceError: the text isn't a receipt, or the receipt of a FIFO queue has expired.
        """
        with self._lock:
            message = self._message_of(receipt_handle)
            if message is None:
                return
            is_expired = message.visible_ms <= clock.now_ms() or receipt_handle != message.receipt_handle
            if self.is_fifo and is_expired:
                raise errors.invalid_value(receipt_handle, "ReceiptHandle", "The receipt handle has expired.")
            self.remove(message)

    def remove(self, message: Message) -> None:
        """Takes a message out of the queue. The lock is held."""
        del self._messages[message.id]
        self._changed.notify_all()  # its message group may be free

    def hide(self, receipt_handle: str, timeout_s: int) -> None:
        """Gives a message another visibility timeout, counted from now; 0 makes it visible.

        Raises:
            ServiceError: the text isn't a receipt, the message has gone, or would be hidden for more than twelve hours.
        """
        with self._lock:
            message, now_ms = self._message_of(receipt_handle), clock.now_ms()
            if message is None or (self.is_fifo and receipt_handle != message.receipt_handle):
                text = "Message does not exist or is not available for visibility timeout change."
                raise errors.invalid_value(receipt_handle, "ReceiptHandle", text)
            if now_ms + timeout_s * 1000 - message.received_ms > MOST_VISIBILITY_S * 1000:
                text = f"Total VisibilityTimeout for the message is beyond the limit [{MOST_VISIBILITY_S} seconds]"
                raise errors.invalid_value(timeout_s, "VisibilityTimeout", text)
            message.visible_ms = now_ms + timeout_s * 1000
            self._changed.notify_all()

    # ---- all messages

    def purge(self) -> None:
        """Deletes all messages.

        Raises:
            ServiceError: it was purged less than a minute ago.
        """
        with self._lock:
            if clock.now_ms() - self._purged_ms < _PURGE_MS:
                text = f"Only one PurgeQueue operation on {self.name} is allowed every 60 seconds."
                raise ServiceError("AWS.SimpleQueueService.PurgeQueueInProgress", text)
            self._purged_ms = clock.now_ms()
            self._messages.clear()
            self._deduplication.forget()

    def counts(self) -> Counts:
        """How many messages it has."""
        with self._lock:
            now_ms = clock.now_ms()
            later = [message for message in self._messages.values() if message.visible_ms > now_ms]
            in_flight = sum(1 for message in later if message.receipt_handle)
            return Counts(len(self._messages) - len(later), in_flight, len(later) - in_flight)


class Queues:
    """All queues of the local cloud."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._places: dict[tuple[str, str], dict[str, Queue]] = {}

    def of(self, account_id: str, region: str) -> dict[str, Queue]:
        """The queues of an account in a Region by name, oldest first."""
        return self._places.setdefault((account_id, region), {})

    def get(self, arn: str) -> Queue | None:
        """The queue with an ARN."""
        parts = arn.split(":")
        return self.of(parts[4], parts[3]).get(parts[5]) if len(parts) == 6 else None

    def create(self, arn: str, attributes: dict[str, str], tags: dict[str, str]) -> Queue:
        """Creates a queue. Args: as for `Queue`."""
        _, _, _, region, account_id, name = arn.split(":", 5)
        neighbors = self.of(account_id, region)
        return neighbors.setdefault(name, Queue(arn, attributes, tags, neighbors, self.lock))

    def clear(self) -> None:
        """Forgets all queues, because the cloud is emptied."""
        with self.lock:
            for queues in self._places.values():
                queues.clear()
