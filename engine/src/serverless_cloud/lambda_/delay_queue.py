"""The queue of all that is done in the background and, if it fails, again later. No moto.

Asynchronous invocations of Lambda, events on their way to targets, and messages of SNS and S3 wait in it.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from serverless_cloud.core.background import Tasks, reported

T = TypeVar("T")

IDLE_S = 1.0  # a worker without work ends after this time
LOOK_S = 0.1  # how often a worker that waits looks whether it was stopped or the clock's scale has changed


class Clock:
    """Shows seconds that pass `scale` times as fast as real ones."""

    def __init__(self, scale: float) -> None:
        self._set = (0.0, time.monotonic(), scale)  # what it showed, when, and how fast it runs since

    @property
    def scale(self) -> float:
        return self._set[2]

    @scale.setter
    def scale(self, scale: float) -> None:
        self._set = (self.now_s(), time.monotonic(), scale)

    def now_s(self) -> float:
        shown_s, read_s, scale = self._set
        return shown_s + (time.monotonic() - read_s) * scale

    def wait(self, changed: threading.Condition, left_s: float) -> None:
        """Waits, with `changed` held, until it is notified, `left_s` seconds of this clock or LOOK_S have passed."""
        changed.wait(min(left_s / self.scale, LOOK_S))


@dataclass
class _Crew:
    """The workers that were started since the queue was cleared last, and how many of them wait for work."""

    size: int = 0
    idle: int = 0


class DelayQueue(Generic[T]):
    """Works on things when they are due, several at a time, in no order.

    Args:
        tasks: where its threads are started; there are none while nothing is to be done.
        work: gets a thing, and a function that says whether the queue still wants it, false after `clear` and when its
            task is stopped. Returns after how many seconds the thing is to be worked on again; None: it is done.
        workers: as many things are under way at the same moment.
        clock: counts the waits; without one they are real seconds.
    """

    def __init__(
        self,
        tasks: Tasks,
        name: str,
        work: Callable[[T, Callable[[], bool]], float | None],
        workers: int = 16,
        clock: Clock | None = None,
    ) -> None:
        self._tasks, self._name, self._work, self._workers = tasks, name, work, workers
        self._clock = clock or Clock(1.0)
        self._waiting: list[tuple[float, int, T]] = []  # a heap: when it is due, order, thing
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._crew = _Crew()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, thing: T) -> None:
        """Accepts a thing, due now; returns at once."""
        with self._changed:
            self._push(thing, 0.0)

    def clear(self) -> None:
        """Forgets all things. Workers don't work again on things that are under way."""
        with self._changed:
            self._waiting.clear()
            self._crew = _Crew()

    def _push(self, thing: T, wait_s: float) -> None:
        heapq.heappush(self._waiting, (self._clock.now_s() + wait_s, next(self._order), thing))
        self._changed.notify()
        self._hire(self._crew)

    def _hire(self, crew: _Crew) -> None:
        """Starts a worker if there is something that nobody waits for. The lock is held."""
        if self._waiting and crew.idle == 0 and crew.size < self._workers:
            crew.size += 1
            self._tasks.start(self._name, lambda stopped: self._run(crew, stopped))

    def _run(self, crew: _Crew, stopped: threading.Event) -> None:
        def is_wanted() -> bool:
            return crew is self._crew and not stopped.is_set()

        while due := self._next(crew, is_wanted):
            wait_s: float | None = None
            with reported(f"{self._name} failed"):
                wait_s = self._work(due[2], is_wanted)
            with self._changed:
                if wait_s is not None and is_wanted():
                    self._push(due[2], wait_s)

    def _next(self, crew: _Crew, is_wanted: Callable[[], bool]) -> tuple[float, int, T] | None:
        """Waits for the next thing that is due; None if this worker should end."""
        with self._changed:
            crew.idle += 1
            ends_s = time.monotonic() + IDLE_S
            try:
                while True:
                    alone = bool(self._waiting) and crew.idle == 1  # somebody must stay for what is not due yet
                    if not is_wanted() or (time.monotonic() > ends_s and not alone):
                        crew.size -= 1
                        return None
                    left_s = self._waiting[0][0] - self._clock.now_s() if self._waiting else None
                    if left_s is None:
                        self._changed.wait(LOOK_S)
                    elif left_s > 0:
                        self._clock.wait(self._changed, left_s)
                    else:
                        due = heapq.heappop(self._waiting)
                        break
            finally:
                crew.idle -= 1
            self._hire(crew)  # several may have come before this one woke up
            return due
