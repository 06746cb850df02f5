"""Deliveries under way: they are made in the background, so that who publishes or uploads does not wait for them."""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from serverless_cloud.tasks import Tasks

WORKERS = 16
IDLE_S = 1.0  # a worker that has had nothing to do for so long ends
_LOOK_S = 0.05  # how often a waiting worker looks whether it shall end


class Undeliverable(Exception):
    """The receiver is gone or does not let the sender in: another try would be in vain."""


class TryAgain(Exception):
    """The receiver failed; another try may succeed."""


def _nothing(reason: str) -> None:
    """For a sender that has no dead-letter queue."""


@dataclass(frozen=True)
class Delivery:
    """One message to one receiver.

    Args:
        send: makes one try. Raises Undeliverable or TryAgain.
        waits_s: before each further try, in seconds; none left: it is given up.
        give_up: called with the reason when it is given up.
        lane: deliveries of one lane are made one after the other, in the order of `put`; "": in any order.
    """

    send: Callable[[], None]
    waits_s: Iterable[float] = ()
    give_up: Callable[[str], None] = _nothing
    lane: str = ""


class Outbox:
    """All deliveries that wait for their first or next try.

    Args:
        tasks: where its threads are started; there are none while nothing is to be done.
        name: of the threads; for a debugger.
    """

    def __init__(self, tasks: Tasks, name: str) -> None:
        self._tasks, self._name = tasks, name
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Delivery, Iterator[float]]] = []  # a heap: when it is due, order
        self._lanes: dict[str, deque[Delivery]] = {}  # of each lane, the first one is in `_waiting` or under way
        self._order = itertools.count()
        self._workers = self._idle = self._generation = 0

    def put(self, delivery: Delivery) -> None:
        """Accepts a delivery and returns at once."""
        with self._changed:
            if delivery.lane:
                lane = self._lanes.setdefault(delivery.lane, deque())
                lane.append(delivery)
                if len(lane) > 1:
                    return
            self._wait(delivery, iter(delivery.waits_s), 0.0)

    def clear(self) -> None:
        """Forgets all deliveries; one under way is not tried again and not given up."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()
            self._lanes.clear()

    def _wait(self, delivery: Delivery, waits_s: Iterator[float], wait_s: float) -> None:
        heapq.heappush(self._waiting, (time.monotonic() + wait_s, next(self._order), delivery, waits_s))
        if self._workers < WORKERS and not wait_s:  # however many are idle: each may be on its way to something slow
            self._workers += 1
            self._tasks.start(self._name, self._work)
        else:
            self._changed.notify()

    def _work(self, stopped: threading.Event) -> None:
        while (found := self._next(stopped)) is not None:
            self._try(*found)

    def _next(self, stopped: threading.Event) -> tuple[Delivery, Iterator[float], int] | None:
        """The next one that is due, waited for; None: this worker ends, and counts no more."""
        ends_s = time.monotonic() + IDLE_S
        with self._changed:
            while not stopped.is_set():
                now_s = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now_s:
                    _, _, delivery, waits_s = heapq.heappop(self._waiting)
                    return delivery, waits_s, self._generation
                if now_s > ends_s and (not self._waiting or self._idle):
                    break
                self._idle += 1
                self._changed.wait(_LOOK_S)
                self._idle -= 1
            self._workers -= 1
        return None

    def _try(self, delivery: Delivery, waits_s: Iterator[float], generation: int) -> None:
        reason = None
        try:
            delivery.send()
        except TryAgain as failure:
            wait_s, reason = next(waits_s, None), str(failure)
            if wait_s is not None:
                with self._changed:
                    if self._generation == generation:
                        self._wait(delivery, waits_s, wait_s)
                return
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
                self._wait(lane[0], iter(lane[0].waits_s), 0.0)
            else:
                del self._lanes[delivery.lane]
