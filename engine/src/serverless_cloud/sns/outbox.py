"""Deliveries under way: they are made in the background, so that who publishes or uploads does not wait for them."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from serverless_cloud.core.background import Tasks, reported
from serverless_cloud.lambda_.delay_queue import DelayQueue


class Undeliverable(Exception):
    """The receiver is gone or does not let the sender in."""


def _nothing(reason: str) -> None:
    """For a sender that has no dead-letter queue."""


@dataclass(frozen=True)
class Delivery:
    """One message to one receiver.

    Args:
        send: makes the one try. Raises Undeliverable.
        give_up: called with the reason if that fails.
        lane: deliveries of one lane are made one after the other, in the order of `put`; "": in any order.
    """

    send: Callable[[], None]
    give_up: Callable[[str], None] = _nothing
    lane: str = ""


class Outbox:
    """All deliveries that wait for their turn. Args: as of `DelayQueue`."""

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._queue = DelayQueue(tasks, name, self._try)
        self._lanes: dict[str, deque[Delivery]] = {}  # of each lane, the first one is in the queue or under way
        self._lock = threading.Lock()

    def put(self, delivery: Delivery) -> None:
        """Accepts a delivery and returns at once."""
        with self._lock:
            if delivery.lane:
                lane = self._lanes.setdefault(delivery.lane, deque())
                lane.append(delivery)
                if len(lane) > 1:
                    return
            self._queue.put(delivery)

    def clear(self) -> None:
        """Forgets all deliveries; one under way is not given up."""
        with self._lock:
            self._queue.clear()
            self._lanes.clear()

    def _try(self, delivery: Delivery, is_wanted: Callable[[], bool]) -> None:
        """Sends it, once."""
        reason = None
        try:
            delivery.send()
        except Undeliverable as failure:
            reason = str(failure)
        except Exception as failure:  # nobody waits for the answer: the server's own log is the only place to say it
            reason = f"{type(failure).__name__}: {failure}"
            traceback.print_exc()
        if reason is not None and is_wanted():
            with reported(
                f"The local cloud gave up a delivery ({reason}), and could not deliver its dead letter either"
            ):
                delivery.give_up(reason)
        with self._lock:
            if delivery.lane and is_wanted():
                lane = self._lanes[delivery.lane]
                lane.popleft()
                if lane:
                    self._queue.put(lane[0])
                else:
                    del self._lanes[delivery.lane]
