"""How many messages a queue has.

moto asks for the time once for each message that it counts, and counts the visible messages at one moment and the
others at a later one, so a message whose visibility timeout ends between them is in no count. A queue that is not empty
then looks empty.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from moto.sqs.models import Queue

from serverless_cloud.core import clock
from serverless_cloud.core.patches import Service
from serverless_cloud.services.sqs.queues import LOCK

patches = Service("sqs")


@contextlib.contextmanager
def counting(queue: Queue) -> Iterator[None]:
    """Around an answer with several counts of a queue: they are all of one moment."""
    with LOCK:
        vars(queue)["counted_at_ms"] = clock.now_ms()
        try:
            yield
        finally:
            vars(queue)["counted_at_ms"] = None


def _now_ms(queue: Queue) -> int:
    """The moment at which the messages of a queue are counted: one for all counts of an answer."""
    return int(vars(queue).get("counted_at_ms") or clock.now_ms())


@patches.replaces("moto.sqs.models:Queue.approximate_number_of_messages", kind="property")
def approximate_number_of_messages(queue: Queue) -> int:
    now_ms = _now_ms(queue)
    return sum(m.visible_at < now_ms and m.delayed_until <= now_ms for m in queue._messages)


@patches.replaces("moto.sqs.models:Queue.approximate_number_of_messages_not_visible", kind="property")
def approximate_number_of_messages_not_visible(queue: Queue) -> int:
    now_ms = _now_ms(queue)
    return sum(m.visible_at >= now_ms for m in queue._messages)


@patches.replaces("moto.sqs.models:Queue.approximate_number_of_messages_delayed", kind="property")
def approximate_number_of_messages_delayed(queue: Queue) -> int:
    now_ms = _now_ms(queue)
    return sum(m.delayed_until > now_ms for m in queue._messages)
