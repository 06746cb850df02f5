"""A queue as Lambda's poller reads it; see `sqs.SourceQueue`."""

from __future__ import annotations

import contextlib

from serverless_cloud.core.service import ServiceError
from serverless_cloud.lambda_.event_source_mapping import Deliver, Mapping, PollerFactory
from serverless_cloud.plane import DataPlane
from serverless_cloud.sources.sqs import QueueGone, SqsPoller
from serverless_cloud.sources.sqs_records import Message, size_bytes
from serverless_cloud.sqs.queues import Message as QueueMessage, Queue, Queues, attributes_md5


class PolledQueue:
    """One queue by its ARN, because it may be deleted and created again while a poller reads it."""

    def __init__(self, queues: Queues, arn: str) -> None:
        self._queues, self._arn = queues, arn

    def _queue(self) -> Queue:
        queue = self._queues.get(self._arn)
        if queue is None:
            raise QueueGone(self._arn)
        return queue

    @property
    def visibility_timeout_s(self) -> float:
        """See `SourceQueue`."""
        return self._queue().number("VisibilityTimeout")

    def wait(self, timeout_s: float) -> bool:
        """See `SourceQueue`."""
        return self._queue().wait(timeout_s)

    def receive(self, most: int, room_bytes: int) -> list[Message]:
        """See `SourceQueue`."""
        queue, left_bytes = self._queue(), room_bytes

        def fits(message: QueueMessage) -> bool:
            nonlocal left_bytes
            left_bytes -= size_bytes(message.body, message.attributes)
            return left_bytes >= 0

        return [_as_polled(message) for message in queue.receive(most, 0.0, queue.number("VisibilityTimeout"), fits)]

    def delete(self, receipt_handles: list[str]) -> None:
        """See `SourceQueue`."""
        queue = self._queue()
        for receipt_handle in receipt_handles:
            with contextlib.suppress(ServiceError):  # of a FIFO queue, and expired
                queue.delete(receipt_handle)

    def put_back(self, receipt_handles: list[str]) -> None:
        """See `SourceQueue`."""
        queue = self._queue()
        for receipt_handle in receipt_handles:
            with contextlib.suppress(ServiceError):  # the message was deleted
                queue.hide(receipt_handle, 0)


def _as_polled(message: QueueMessage) -> Message:
    return Message(
        message_id=message.id,
        receipt_handle=message.receipt_handle,
        body=message.body,
        body_md5=message.body_md5,
        attributes=message.system_values(),
        message_attributes=message.attributes,
        attributes_md5=attributes_md5(message.attributes) if message.attributes else None,
    )


def poller_factory(plane: DataPlane, queues: Queues) -> PollerFactory:
    """Starts a poller of a queue for a mapping."""

    def poller(mapping: Mapping, deliver: Deliver) -> SqsPoller:
        return SqsPoller(plane, mapping, deliver, PolledQueue(queues, mapping.source_arn))

    return poller
