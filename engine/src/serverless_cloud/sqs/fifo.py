"""The rules of FIFO queues: the order of message groups, and which messages are duplicates.

Rules: Amazon SQS Developer Guide, "FIFO queue delivery logic" and "Exactly-once processing". How groups come back, and
that a change of the scope changes nothing in what was seen before, is from recorded answers of AWS.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from serverless_cloud.core import clock

if TYPE_CHECKING:
    from serverless_cloud.sqs.queues import Message

DEDUPLICATION_MS = 300_000  # SQS Developer Guide: the deduplication interval is five minutes
_FIRST_SEQUENCE_NUMBER, _SEQUENCE_STEP = 18_850_000_000_000_000_000, 256  # twenty digits, as on AWS


def in_order(messages: Iterable[Message], now_ms: float) -> Iterator[Message]:
    """The messages that a receiver may get now, group by group.

    A FIFO queue gives as many messages of one group as there are before it gives some of another. Here the group of the
    oldest message comes first, and groups that come back from a receiver come last. A message that comes back opens its
    group again, up to the group's oldest message that is still in flight, since the order would be lost beyond it.

    Args:
        messages: of the queue, oldest first.
    """
    oldest_in_flight: dict[str | None, int] = {}
    groups: dict[str | None, list[Message]] = {}
    for message in messages:
        if message.visible_ms <= now_ms:
            groups.setdefault(message.group_id, []).append(message)
        elif message.receipt_handle:
            oldest_in_flight.setdefault(message.group_id, message.sequence_number)
    back_ms = {
        group: max((message.visible_ms for message in waiting if message.receipt_handle), default=-1.0)
        for group, waiting in groups.items()
    }
    for group in sorted(groups, key=lambda name: back_ms[name]):
        limit = oldest_in_flight.get(group)
        if limit is None:
            yield from groups[group]
        elif back_ms[group] >= 0:
            yield from (message for message in groups[group] if message.sequence_number < limit)


class Deduplication:
    """The sequence numbers of a FIFO queue, and the deduplication identifiers of the last five minutes."""

    def __init__(self) -> None:
        self._numbers = itertools.count(_FIRST_SEQUENCE_NUMBER, _SEQUENCE_STEP)
        self._recent: dict[tuple[str | None, str | None], tuple[float, str, int]] = {}

    def next_number(self) -> int:
        """The next sequence number."""
        return next(self._numbers)

    def is_duplicate(self, message: Message, *, by_group: bool) -> bool:
        """Whether the queue has seen a message's deduplication identifier, even if that message was deleted since.

        A duplicate gets the identifiers of the first message, as in AWS's answer. Every other message gets the next
        sequence number.

        Args:
            by_group: whether DeduplicationScope is messageGroup now. What was sent while the whole queue was the scope
                still counts for the whole queue.
        """
        now_ms = clock.now_ms()
        for key in [key for key, (sent_ms, _, _) in self._recent.items() if sent_ms + DEDUPLICATION_MS <= now_ms]:
            del self._recent[key]
        for key in ((message.group_id, message.deduplication_id), ("", message.deduplication_id)):
            if key in self._recent:
                _, message.id, message.sequence_number = self._recent[key]
                return True
        message.sequence_number = self.next_number()
        scope = message.group_id if by_group else ""
        self._recent[scope, message.deduplication_id] = (now_ms, message.id, message.sequence_number)
        return False

    def forget(self) -> None:
        """Forgets all identifiers, because the queue is purged."""
        self._recent.clear()
