"""Deliveries under way: they are made in the background, so that who publishes or uploads does not wait for them."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from serverless_cloud.tasks import Tasks

WORKERS = 16
IDLE_S = 1.0  # a worker that has had nothing to do for so long ends
_LOOK_S = 0.05  # how often a waiting worker looks whether it shall end


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
    """All deliveries that wait for their turn.

    Args:
        tasks: where its threads are started; there are none while nothing is to be done.
        name: of the threads; for a debugger.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks, self._name = tasks, name
        self._changed = threading.Condition()
        self._waiting: deque[Delivery] = deque()
        self._lanes: dict[str, deque[Delivery]] = {}  # of each lane, the first one is in `_waiting` or under way
        self._workers = self._generation = 0

    def put(self, delivery: Delivery) -> None:
        """Accepts a delivery and returns at once."""
        with self._changed:
            if delivery.lane:
                lane = self._lanes.setdefault(delivery.lane, deque())
                lane.append(delivery)
                if len(lane) > 1:
                    return
            self._wait(delivery)

    def clear(self) -> None:
        """Forgets all deliveries; one under way is not given up."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()
            self._lanes.clear()

    def _wait(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        if self._workers < WORKERS:  # however many are idle: each may be on its way to something slow
            self._workers += 1
            self._tasks.start(self._name, self._work)
        else:
            self._changed.notify()

    def _work(self, stopped: threading.Event) -> None:
        while (found := self._next(stopped)) is not None:
            self._deliver(*found)

    def _next(self, stopped: threading.Event) -> tuple[Delivery, int] | None:
        """The next one, waited for; None: this worker ends, and counts no more."""
        ends_s = time.monotonic() + IDLE_S
        with self._changed:
            while not stopped.is_set():
                if self._waiting:
                    return self._waiting.popleft(), self._generation
                if time.monotonic() > ends_s:
                    break
                self._changed.wait(_LOOK_S)
            self._workers -= 1
        return None

    def _deliver(self, delivery: Delivery, generation: int) -> None:
        reason = None
        try:
            delivery.send()
        except Undeliverable as failure:
            reason = str(failure)
        except Exception as failure:  # nobody waits for the answer: the server's own log is the only place to say it
            reason = f"{type(failure).__name__}: {failure}"
            traceback.print_exc()
        if reason is not None and self._generation == generation:
            self._give_up(delivery, reason)
        self._next_of_lane(delivery, generation)

    @staticmethod
    def _give_up(delivery: Delivery, reason: str) -> None:
        try:
            delivery.give_up(reason)
        except Exception:
            print(f"A delivery was given up ({reason}), and its dead letter was not delivered:", file=sys.stderr)
            traceback.print_exc()

    def _next_of_lane(self, delivery: Delivery, generation: int) -> None:
        with self._changed:
            if not delivery.lane or self._generation != generation:
                return
            lane = self._lanes[delivery.lane]
            lane.popleft()
            if lane:
                self._wait(lane[0])
            else:
                del self._lanes[delivery.lane]
