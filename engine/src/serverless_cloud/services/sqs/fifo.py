"""The memory of a FIFO queue: the message groups that wait, and the deduplication identifiers that it has seen.

Rules: Amazon SQS Developer Guide, "FIFO queue delivery logic" and "Exactly-once processing"; how groups come back, and
that a purge or another scope changes nothing in what was seen before, is from recorded answers of AWS.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from moto.sqs import models
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Queue

from serverless_cloud.core import clock

DEDUPLICATION_MS = 300_000  # SQS Developer Guide: the deduplication interval is five minutes
_FIRST_SEQUENCE_NUMBER, _SEQUENCE_STEP = 18_850_000_000_000_000_000, 256  # twenty digits, as on AWS


def setting(queue: Queue, name: str) -> Any:
    """A setting of moto's queue: moto sets these attributes by name, so that type checkers don't know them."""
    return getattr(queue, name)


def in_order(ready: Iterator[models.Message], in_flight: Iterable[models.Message]) -> Iterator[models.Message]:
    """The messages that a receiver of a FIFO queue may get now, group by group.

    A FIFO queue gives as many messages of one group as there are before it gives some of another. Here the group of the
    oldest message comes first, and groups that come back from a receiver come last.

    Args:
        ready: visible messages, oldest first.
        in_flight: messages that a receiver has. A message that comes back opens its group again, up to the oldest
            message of the group that is still in flight, since the order would be lost beyond it.
    """
    limits: dict[str | None, int] = {}
    for message in in_flight:
        number = int(message.sequence_number or 0)
        limits[message.group_id] = min(number, limits.get(message.group_id, number))
    groups: dict[str | None, list[models.Message]] = {}
    for message in ready:
        groups.setdefault(message.group_id, []).append(message)
    back_ms = {
        group: max((m.visible_at for m in messages if m.receipt_handle), default=-1.0)
        for group, messages in groups.items()
    }
    for group in sorted(groups, key=lambda name: back_ms[name]):
        limit = limits.get(group)
        if limit is None:
            yield from groups[group]
        elif back_ms[group] >= 0:
            yield from (message for message in groups[group] if int(message.sequence_number or 0) < limit)


def next_number(queue: Queue) -> str:
    """The next sequence number of a queue."""
    return str(next(vars(queue).setdefault("sequence", itertools.count(_FIRST_SEQUENCE_NUMBER, _SEQUENCE_STEP))))


def is_a_duplicate(queue: Queue, message: models.Message) -> bool:
    """Of a message of the last five minutes; it gets that one's identifiers, as in AWS's answer.

    A message that was sent while the whole queue was the scope still counts for the whole queue, and one that was sent
    while its group was the scope still counts for its group.
    """
    scope = message.group_id if setting(queue, "deduplication_scope") == "messageGroup" else ""
    now_ms, known = clock.now_ms(), vars(queue).setdefault("deduplicated", {})
    for key in [key for key, (sent_ms, _, _) in known.items() if sent_ms + DEDUPLICATION_MS <= now_ms]:
        del known[key]
    for key in ((message.group_id, message.deduplication_id), ("", message.deduplication_id)):
        if message.deduplication_id is not None and key in known:
            _, message.id, message.sequence_number = known[key]
            return True
    message.sequence_number = next_number(queue)
    known[(scope, message.deduplication_id)] = (now_ms, message.id, message.sequence_number)
    return False


def forget(queue: Queue) -> None:
    """Forgets all deduplication identifiers: the queue is purged."""
    vars(queue).pop("deduplicated", None)


def require_held(queue: Queue, message: models.Message, receipt_handle: str) -> None:
    """Raises if the receipt for a message of a FIFO queue has expired, so that it can't delete the message."""
    if queue.fifo_queue and (message.visible or receipt_handle != message.receipt_handle):
        raise InvalidParameterValue(
            f"Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )
