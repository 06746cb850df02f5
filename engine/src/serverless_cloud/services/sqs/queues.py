"""Queues that several receivers read at the same moment.

- moto hands one message to two receivers, busy-waits when a message group is in flight, gives the second message of a
  group before the first when both come back, mixes groups although there is more of one, lets what was received
  together come back in parts, and keeps what is older than its retention.
- moto calls functions when a message is added; it forgets a deduplication identifier with its message; its sequence
  numbers are random, and missing with content-based deduplication.
- moto loses a message that is added during a deletion. Here a deleted message may be deleted again. Its visibility
  can't be changed.
- moto reads the computer's clock, which may be put right while a message is hidden or delayed. The times that a
  receiver gets (SentTimestamp and ApproximateFirstReceiveTimestamp) go by that clock all the same.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator

from moto.sqs import models
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from serverless_cloud.core import clock
from serverless_cloud.core.patches import Service
from serverless_cloud.lambda_.event_source_mapping import Deliver, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.sqs import fifo as sqs_fifo
from serverless_cloud.services.sqs.fifo import setting
from serverless_cloud.sources.sqs import QueueGone, SqsPoller
from serverless_cloud.sources.sqs_records import Message, size_bytes

patches = Service("sqs")

MOST_VISIBILITY_S = 43_200  # twelve hours, counted from when the message was received
_LONGEST_WAIT_S = 1.0  # a receiver looks again after it whatever happens
#: One lock for all queues, since a receiver moves messages into another queue.
LOCK = threading.RLock()


class MotoQueue:
    """A queue of moto by its ARN; see `sqs.SourceQueue`."""

    def __init__(self, arn: str) -> None:
        self._account_id, self._region, self._name = arn.split(":")[4], arn.split(":")[3], arn.split(":")[5]

    def _queue(self) -> Queue:
        queue = sqs_backends[self._account_id][self._region].queues.get(self._name)
        if queue is None:
            raise QueueGone(self._name)
        return queue

    @property
    def visibility_timeout_s(self) -> float:
        return float(setting(self._queue(), "visibility_timeout"))

    def wait(self, timeout_s: float) -> bool:
        queue = self._queue()
        with LOCK:
            return _wait(queue, timeout_s)

    def receive(self, most: int, room_bytes: int) -> list[Message]:
        queue, timeout_s = self._queue(), self.visibility_timeout_s
        with LOCK:
            return [_as_received(each) for each in _take(queue, most, timeout_s, room_bytes)]

    def delete(self, receipt_handles: list[str]) -> None:
        queue, gone = self._queue(), set(receipt_handles)
        with LOCK:
            for message in [m for m in queue._messages if not gone.isdisjoint(m.all_receipt_handles)]:
                remove(queue, message)
            queue._messages_lock.notify_all()

    def put_back(self, receipt_handles: list[str]) -> None:
        queue, given = self._queue(), set(receipt_handles)
        with LOCK:
            for message in queue._messages:
                if message.receipt_handle in given:
                    message.visible_at = 0.0
            queue._messages_lock.notify_all()


def _as_received(message: models.Message) -> Message:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "AWSTraceHeader": (message.system_attributes.get("AWSTraceHeader") or {}).get("StringValue"),
        "DeadLetterQueueSourceArn": getattr(message, "dead_letter_source_arn", None),
    }
    return Message(
        message_id=message.id,
        receipt_handle=str(message.receipt_handle),
        body=message.body,
        body_md5=message.body_md5,
        attributes={name: value for name, value in attributes.items() if value is not None},
        message_attributes=message.message_attributes,
        attributes_md5=message.attribute_md5 if message.message_attributes else None,
    )


def takeable(queue: Queue) -> Iterator[models.Message]:
    """The messages that a receiver may get now, oldest first; of a FIFO queue in the order of `fifo.in_order`.

    The lock of the queues is held.
    """
    now_ms = clock.now_ms()
    queue._pending_messages = {m for m in queue._pending_messages if m.visible_at >= now_ms}
    ready = (m for m in list(queue._messages) if m.visible_at < now_ms and m.delayed_until <= now_ms)
    return sqs_fifo.in_order(ready, queue._pending_messages) if queue.fifo_queue else ready


def _take(queue: Queue, most: int, visibility_timeout_s: float, room_bytes: int) -> list[models.Message]:
    """Receives: marks what it gives as in flight, and moves what was received too often. The lock is held."""
    taken: list[models.Message] = []
    now_ms, room = clock.now_ms(), room_bytes
    dead_letters = _dead_letter_queue(queue)
    limit = int((queue.redrive_policy or {})["maxReceiveCount"]) if dead_letters is not None else 0
    for message in takeable(queue):
        if len(taken) >= most:
            break
        if message.sent_timestamp + setting(queue, "message_retention_period") * 1000 <= now_ms:
            remove(queue, message)
        elif dead_letters is not None and 0 < limit <= message.approximate_receive_count:
            remove(queue, message)
            _append(dead_letters, message, queue.queue_arn)
        else:
            room -= size_bytes(message.body, message.message_attributes)
            if room < 0:
                break
            message.mark_received(visibility_timeout=int(visibility_timeout_s))
            vars(message)["received_ms"] = now_ms
            if visibility_timeout_s:  # one moment for all of them: a batch comes back as one
                message.visible_at = now_ms + int(visibility_timeout_s) * 1000
            queue._pending_messages.add(message)
            taken.append(_as_told(message))
    return taken


def _as_told(message: models.Message) -> models.Message:
    """A copy for the receiver, with the times of the computer's clock."""
    first_ms = vars(message).setdefault("told_received_ms", _wall_ms())
    told = copy.copy(message)
    told.sent_timestamp, told.approximate_first_receive_timestamp = vars(message)["told_sent_ms"], first_ms
    return told


def _wall_ms() -> int:
    return int(time.time() * 1000)


def _dead_letter_queue(queue: Queue) -> Queue | None:
    """None if the queue has none, or it was deleted. Messages for it then stay."""
    there = sqs_backends[queue.account_id][queue.region].queues.values()
    found = queue.dead_letter_queue if queue.redrive_policy else None
    return found if any(each is found for each in there) else None


def _append(queue: Queue, message: models.Message, source_arn: str) -> None:
    """Moves a message into a dead-letter queue, where it is nobody's yet.

    SQS Developer Guide: a standard queue keeps the time of sending (the retention period goes on), a FIFO queue does
    not, and takes the message's id as deduplication identifier.
    """
    message.visible_at, vars(message)["dead_letter_source_arn"] = 0.0, source_arn
    message.receipt_handle, message._old_receipt_handles = None, []
    if queue.fifo_queue:
        message.deduplication_id, message.sequence_number = message.id, sqs_fifo.next_number(queue)
        message.mark_sent()
    queue._messages.append(message)
    queue._messages_lock.notify_all()


def remove(queue: Queue, message: models.Message) -> None:
    """Takes a message out of its queue; the receipts for it stay known. The lock of the queues is held."""
    queue._messages = [m for m in queue._messages if m is not message]
    queue._pending_messages.discard(message)
    _know_receipts(queue, message)


def _know_receipts(queue: Queue, message: models.Message) -> None:
    """The receipts of a deleted message stay known, because it may be deleted again."""
    queue.deleted_messages.update(handle for handle in message.all_receipt_handles if handle)


def _wait(queue: Queue, timeout_s: float) -> bool:
    """Waits for a message that a receiver may get. The lock is held, and let go meanwhile."""
    end_s = time.monotonic() + timeout_s
    while True:
        now_ms = clock.now_ms()
        if next(takeable(queue), None) is not None:
            return True
        left_s = end_s - time.monotonic()
        if left_s <= 0:
            return False
        later = [max(m.visible_at, m.delayed_until) - now_ms for m in queue._messages]
        due_s = min((ms / 1000 for ms in later if ms >= 0), default=_LONGEST_WAIT_S)
        queue._messages_lock.wait(min(left_s, due_s + 0.001, _LONGEST_WAIT_S))


def _message_of(queue: Queue, receipt_handle: str) -> models.Message | None:
    """The message that a receipt was given for; None if it is not in the queue."""
    for message in queue._messages:
        if receipt_handle == message.receipt_handle or receipt_handle in message._old_receipt_handles:
            return message
    return None


def _not_a_receipt(receipt_handle: str) -> ReceiptHandleIsInvalid:
    """The error for a text that isn't a receipt of this queue."""
    error = ReceiptHandleIsInvalid()
    error.message = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
    return error


@patches.replaces("moto.sqs.models:Message.validate_attribute_name", kind="staticmethod")
def validate_attribute_name(name: str) -> None:
    """Nothing: the name was checked when the message was sent, and AWS takes more letters than moto."""


def connect(plane: DataPlane) -> None:
    """Gives the data plane its poller of queues."""

    def poller(mapping: Mapping, deliver: Deliver) -> SqsPoller:
        return SqsPoller(plane, mapping, deliver, MotoQueue(mapping.source_arn))

    plane.pollers["sqs"] = poller


@patches.replaces(
    "moto.sqs.models:unix_time_millis",
    expects="dt=None",
    upstream="Messages are hidden and delayed by a clock that nobody sets.",
)
def unix_time_millis() -> float:
    """The time that messages go by, in milliseconds."""
    return clock.now_ms()


@patches.replaces("moto.sqs.models:Message.mark_sent")
def mark_sent(message: models.Message, delay_seconds: int | None = None) -> None:
    mark_sent.original(message, delay_seconds)
    vars(message)["told_sent_ms"] = _wall_ms()


@patches.replaces(
    "moto.sqs.models:Queue.__init__",
    expects="self, name, region, account_id, **kwargs",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[receivers_share_no_lock]",
)
def init_queue(queue: Queue, *args: object, **more: object) -> None:
    init_queue.original(queue, *args, **more)
    queue._messages_lock = threading.Condition(LOCK)


@patches.replaces(
    "moto.sqs.models:Queue.add_message",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_duplicate_is_accepted_after_a_deletion]",
    upstream="A deduplication identifier is known for five minutes, even if its message is deleted.",
)
def add_message(queue: Queue, message: models.Message) -> None:
    with LOCK:
        if queue.fifo_queue and sqs_fifo.is_a_duplicate(queue, message):
            return
        queue._messages.append(message)
        queue._messages_lock.notify_all()


@patches.replaces(
    "moto.sqs.models:Queue.delete_message",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_deletion_builds_a_new_list_without_a_lock]",
    upstream="A deletion loses no message that arrives meanwhile, and may be repeated.",
)
def delete_message(queue: Queue, receipt_handle: str) -> None:
    with LOCK:
        if receipt_handle in queue.deleted_messages:
            return
        message = _message_of(queue, receipt_handle)
        if message is None:
            raise _not_a_receipt(receipt_handle)
        sqs_fifo.require_held(queue, message, receipt_handle)
        remove(queue, message)
        queue._messages_lock.notify_all()  # its message group may be free


@patches.replaces(
    "moto.sqs.models:SQSBackend.receive_message",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[receivers_share_no_lock]",
    upstream="Two receivers never get one message, and a FIFO queue keeps its order.",
)
def receive_message(
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[models.Message]:
    queue, end_s = backend.get_queue(queue_name), time.monotonic() + wait_seconds_timeout
    with LOCK:
        while not (found := _take(queue, count, visibility_timeout, 1 << 60)):
            left_s = end_s - time.monotonic()
            if left_s <= 0 or backend.queues.get(queue_name) is not queue:
                break
            _wait(queue, min(left_s, _LONGEST_WAIT_S))
    names = ["All" if name == "*" else name for name in message_attribute_names or []]
    for message in found:
        models._filter_message_attributes(message, names)
    return found


@patches.replaces(
    "moto.sqs.models:SQSBackend.change_message_visibility",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_message_in_a_dead_letter_queue_cannot_be_deleted_again]",
)
def change_message_visibility(
    backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
) -> None:
    with LOCK:
        queue = backend.get_queue(queue_name)
        message = _message_of(queue, receipt_handle)
        if message is None and receipt_handle not in queue.deleted_messages:
            raise _not_a_receipt(receipt_handle)
        if message is None or (queue.fifo_queue and receipt_handle != message.receipt_handle):
            raise InvalidParameterValue(
                f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is "
                "not available for visibility timeout change."
            )
        now_ms = clock.now_ms()
        if now_ms + visibility_timeout * 1000 - vars(message).get("received_ms", now_ms) > MOST_VISIBILITY_S * 1000:
            raise InvalidParameterValue(
                f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: Total "
                f"VisibilityTimeout for the message is beyond the limit [{MOST_VISIBILITY_S} seconds]"
            )
        message.change_visibility(visibility_timeout)
        if visibility_timeout:  # it may have come back already
            queue._pending_messages.add(message)
        else:
            queue._pending_messages.discard(message)
        queue._messages_lock.notify_all()


@patches.replaces(
    "moto.sqs.models:SQSBackend.purge_queue",
    defect="engine/tests/sqs/test_mapping_patches.py::test_stock_moto_still_has_the_defect[a_deletion_builds_a_new_list_without_a_lock]",
)
def purge_queue(backend: SQSBackend, queue_name: str) -> None:
    with LOCK:
        messages = list(backend.get_queue(queue_name)._messages)
        purge_queue.original(backend, queue_name)
        for message in messages:
            _know_receipts(backend.get_queue(queue_name), message)
        sqs_fifo.forget(backend.get_queue(queue_name))
