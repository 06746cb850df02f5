"""Trying again when a target does not take an event: the retry policy of EventBridge rules and schedules. No moto.

Rules (Amazon EventBridge User Guide, "How EventBridge retries delivering events"): for 24 hours and up to 185 times by
default, with exponential back-off and jitter; both limits are settings. What no other try can mend (a target that has
gone, a missing permission) is given up at once. AWS does not document the waits: ours double from one second up to ten
minutes, the last half of each by chance. `time_scale` divides the waits and the maximum age.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.tasks import Tasks

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 600.0
WORKERS = 16  # as many deliveries are under way at the same moment
IDLE_S = 1.0  # a worker without work ends after this time
LOOK_S = 0.1  # how often one that waits looks whether it was stopped


@dataclass(frozen=True)
class RetryPolicy:
    """How long a delivery is tried.

    Args:
        retries: tries after the first one.
        max_age_s: how old the event may become, in seconds.
    """

    retries: int = 185
    max_age_s: float = 86_400.0

    @staticmethod
    def of(given: Mapping[str, Any] | None) -> RetryPolicy:
        """As RetryPolicy of the API has it."""
        given = given or {}
        return RetryPolicy(
            given.get("MaximumRetryAttempts", RetryPolicy.retries),
            float(given.get("MaximumEventAgeInSeconds", RetryPolicy.max_age_s)),
        )


@dataclass
class Delivery:
    """One thing on its way to one target.

    Args:
        send: sends it once; raises TargetFailed.
        give_up: told the last failure, the number of retries, and which limit ended it: "MaximumRetryAttempts",
            "MaximumEventAgeInSeconds", or "" if no other try could help.
        policy: how long it is tried.
        is_wanted: asked before each try; when not, it ends without a word (its rule was deleted).
    """

    send: Callable[[], None]
    give_up: Callable[[TargetFailed, int, str], None]
    policy: RetryPolicy = RetryPolicy()
    is_wanted: Callable[[], bool] = lambda: True
    begun_s: float = field(default_factory=time.monotonic)
    retries: int = 0


@dataclass
class _Crew:
    """The threads that were started since the deliveries were forgotten last, and how many of them wait for work."""

    size: int = 0
    idle: int = 0


class Deliveries:
    """Takes things to their targets in the background, several at a time, in no order.

    Args:
        tasks: where its threads are started; they are there only while there is work.
        time_scale: asked whenever something has to wait.
    """

    def __init__(self, tasks: Tasks, time_scale: Callable[[], float]) -> None:
        self._tasks, self._time_scale = tasks, time_scale
        self._waiting: list[tuple[float, int, Delivery]] = []  # a heap: when it is due, order, delivery
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._crew = _Crew()

    def submit(self, delivery: Delivery) -> None:
        """Begins a delivery; returns at once."""
        self._push(delivery, 0.0)

    def clear(self) -> None:
        """Forgets all deliveries. Its tasks have been stopped before: what they have under way is not tried again."""
        with self._changed:
            self._waiting.clear()
            self._crew = _Crew()

    def _push(self, delivery: Delivery, wait_s: float) -> None:
        with self._changed:
            due_s = time.monotonic() + wait_s / self._time_scale()
            heapq.heappush(self._waiting, (due_s, next(self._order), delivery))
            self._changed.notify()
            self._hire(self._crew)

    def _hire(self, crew: _Crew) -> None:
        """Starts a worker if there is something that nobody waits for. The lock is held."""
        if self._waiting and crew.idle == 0 and crew.size < WORKERS:
            crew.size += 1
            self._tasks.start("event-delivery", lambda stopped: self._work(crew, stopped))

    def _work(self, crew: _Crew, stopped: threading.Event) -> None:
        while delivery := self._next(crew, stopped):
            try:
                self._try(delivery, stopped)
            except Exception:  # nobody waits for it: the server's own log is the only place to say it
                print("An event could not be delivered:", file=sys.stderr)
                traceback.print_exc()

    def _next(self, crew: _Crew, stopped: threading.Event) -> Delivery | None:
        """The next delivery that is due; None when this worker is to end."""
        with self._changed:
            crew.idle += 1
            ends_s = time.monotonic() + IDLE_S
            try:
                while True:
                    now_s = time.monotonic()
                    alone = bool(self._waiting) and crew.idle == 1  # somebody must stay for what is not due yet
                    if stopped.is_set() or crew is not self._crew or (now_s > ends_s and not alone):
                        crew.size -= 1
                        return None
                    if self._waiting and self._waiting[0][0] <= now_s:
                        found = heapq.heappop(self._waiting)[2]
                        break
                    left_s = self._waiting[0][0] - now_s if self._waiting else LOOK_S
                    self._changed.wait(min(left_s, LOOK_S))
            finally:
                crew.idle -= 1
            self._hire(crew)  # several may have come before this one woke up
            return found

    def _try(self, delivery: Delivery, stopped: threading.Event) -> None:
        if not delivery.is_wanted():
            return
        try:
            delivery.send()
            return
        except TargetFailed as error:
            failure = error
        if stopped.is_set():
            return
        policy = delivery.policy
        left_s = policy.max_age_s - (time.monotonic() - delivery.begun_s) * self._time_scale()
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(delivery.retries, 30), LONGEST_WAIT_S) * random.uniform(0.5, 1.0)
        if not failure.retryable:
            delivery.give_up(failure, delivery.retries, "")
        elif delivery.retries >= policy.retries:
            delivery.give_up(failure, delivery.retries, "MaximumRetryAttempts")
        elif wait_s >= left_s:  # it would be too old then
            delivery.give_up(failure, delivery.retries, "MaximumEventAgeInSeconds")
        else:
            delivery.retries += 1
            self._push(delivery, wait_s)
