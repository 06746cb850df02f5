"""Lambda's poller of an SQS queue: it reads messages, makes batches, calls, and deletes what was taken.

Rules (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS" and the pages under it):

- A batch is what one look at the queue gives, at most ten messages; with a batch window it is filled from several looks
  until it is full, until it reaches 6 MB, or until the window ends.
- A batch that is taken is deleted. The poller does nothing with a failed batch, or with single failed items. Their
  messages are seen again when their visibility timeout is over, and the queue's redrive policy counts.
- A call that is throttled is tried again until the visibility timeout of its messages is over.
- Messages that no filter lets pass are deleted.
- The batches of a FIFO queue keep the order of each message group, since the queue hands out nothing of a group that
  has messages in flight.
"""

from __future__ import annotations

import threading
import time
import traceback
from typing import Any, Protocol

from serverless_cloud.errors import AccessDenied
from serverless_cloud.lambda_.event_source_mapping import Deliver, Delivery, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.sources.sqs_records import EVENT_BYTES, Filters, Message, record, size_bytes
from serverless_cloud.sources.sqs_scaling import Scaling

MOST_AT_ONCE = 10  # SQS API reference: ReceiveMessage
LOOK_S = 0.1  # how long one look at an empty queue waits: a poller that is stopped ends within it
FIRST_THROTTLE_WAIT_S, LONGEST_THROTTLE_WAIT_S = 1.0, 60.0  # AWS gives no numbers
NOTHING_YET, OK = "No records processed", "OK"


class QueueGone(LookupError):
    """There is no such queue (now)."""


class SourceQueue(Protocol):
    """A queue, as the poller needs it. Each call raises QueueGone if there is none."""

    @property
    def visibility_timeout_s(self) -> float:
        """How long a message that was received is not handed out again."""

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is a message to receive; whether there is one."""

    def receive(self, most: int, room_bytes: int) -> list[Message]:
        """Receives messages that are there now, at most `most`, whose records together fit into `room_bytes`."""

    def delete(self, receipt_handles: list[str]) -> None:
        """Deletes messages."""

    def put_back(self, receipt_handles: list[str]) -> None:
        """Makes messages visible at once."""


class SqsPoller:
    """Reads one queue for one mapping; see `lambda_.mapping.Poller`."""

    def __init__(self, plane: DataPlane, mapping: Mapping, deliver: Deliver, queue: SourceQueue) -> None:
        self._plane, self._mapping, self._deliver, self._queue = plane, mapping, deliver, queue
        self._filters = Filters(mapping.filters)
        self._scaling = Scaling(mapping.maximum_concurrency, lambda: plane.time_scale)
        self._under_way = 0
        self._changed = threading.Condition()
        self._receiving = threading.Lock()
        self.last_result: str = NOTHING_YET
        self._reader = plane.tasks.start(f"poller of {mapping.source_name}", self._read)

    def stop(self) -> None:
        """See `lambda_.mapping.Poller`."""
        self._reader.stop()
        with self._receiving:
            """Messages received from now on are for the next poller."""

    def _read(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                if self._has_room() and self._finds_messages():
                    self._may_read()
                    seen_again_s = time.monotonic() + self._queue.visibility_timeout_s
                    if records := self._gather(stopped):
                        self._begin(records, seen_again_s, stopped)
            except QueueGone:
                self.last_result = "PROBLEM: the queue does not exist"
                stopped.wait(LOOK_S)
            except AccessDenied as error:
                self.last_result = f"PROBLEM: {error}"
                stopped.wait(LOOK_S)
            except Exception as error:  # one message must not end the poller: the others wait for it
                self.last_result = f"PROBLEM: {type(error).__name__}: {error}"
                traceback.print_exc()
                stopped.wait(1.0)

    def _has_room(self) -> bool:
        """Whether one more batch may be under way; waits a little for it."""
        with self._changed:
            if self._under_way < self._scaling.limit:
                return True
            self._changed.wait(LOOK_S)
        if self._queue.wait(0.0):
            self._scaling.messages_left()
        with self._changed:
            return self._under_way < self._scaling.limit

    def _finds_messages(self) -> bool:
        has_messages = self._queue.wait(LOOK_S)
        if has_messages:
            self._scaling.messages_left()
        else:
            self._scaling.queue_is_empty()
        return has_messages

    def _may_read(self) -> None:
        for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
            self._plane.permissions.require(self._mapping.role_arn, action, self._mapping.source_arn)

    def _gather(self, stopped: threading.Event) -> list[dict[str, Any]]:
        """The records of one batch."""
        batch: dict[str, dict[str, Any]] = {}
        room_bytes, end_s = EVENT_BYTES - len('{"Records": []}'), time.monotonic() + self._mapping.window_s
        while True:
            most = min(MOST_AT_ONCE, self._mapping.batch_size - len(batch))
            with self._receiving:
                received = [] if stopped.is_set() else self._queue.receive(most, room_bytes)
            passed = [r for r in (record(message, self._mapping.source_arn) for message in received) if self._passes(r)]
            room_bytes -= sum(size_bytes(message.body, message.message_attributes) for message in received)
            # A message that comes a second time while the batch is filled counts once.
            batch |= {event_record["messageId"]: event_record for event_record in passed}
            if stopped.is_set() and not received:
                self._queue.put_back([event_record["receiptHandle"] for event_record in batch.values()])
                return []
            left_s = end_s - time.monotonic()
            is_full = len(batch) >= self._mapping.batch_size or (not received and self._queue.wait(0.0))
            if is_full or left_s <= 0:
                return list(batch.values())
            self._queue.wait(min(left_s, LOOK_S))

    def _passes(self, event_record: dict[str, Any]) -> bool:
        passes = self._filters.pass_on(event_record)
        if not passes:
            self._queue.delete([event_record["receiptHandle"]])
        return passes

    def _begin(self, records: list[dict[str, Any]], seen_again_s: float, stopped: threading.Event) -> None:
        with self._changed:
            self._under_way += 1

        def work(_: threading.Event) -> None:
            try:
                self._hand_over(records, seen_again_s, stopped)
            finally:
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()

        self._plane.tasks.start(f"batch of {self._mapping.source_name}", work)

    def _hand_over(self, records: list[dict[str, Any]], seen_again_s: float, stopped: threading.Event) -> None:
        delivery = self._deliver(records)
        wait_s = FIRST_THROTTLE_WAIT_S
        while delivery.throttled:
            self._scaling.call_failed()
            if stopped.wait(wait_s / self._plane.time_scale) or time.monotonic() >= seen_again_s:
                break
            wait_s = min(wait_s * 2, LONGEST_THROTTLE_WAIT_S)
            delivery = self._deliver(records)
        self._conclude(records, delivery)

    def _conclude(self, records: list[dict[str, Any]], delivery: Delivery) -> None:
        if delivery.error is not None:
            self.last_result = f"PROBLEM: {delivery.error}"
            if not self._mapping.reports_failures and not delivery.throttled:
                self._scaling.call_failed()
            return
        self.last_result = OK
        failed = set(delivery.failed)
        try:
            self._queue.delete(
                [event_record["receiptHandle"] for event_record in records if event_record["messageId"] not in failed]
            )
        except QueueGone:
            self.last_result = "PROBLEM: the queue does not exist"
