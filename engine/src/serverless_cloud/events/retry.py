"""Trying again when a target does not take an event: the retry policy of EventBridge rules and schedules. No moto.

Rules (Amazon EventBridge User Guide, "How EventBridge retries delivering events"): for 24 hours and up to 185 times by
default, with exponential back-off and jitter. Both limits are settings. An error that no retry can mend, such as a
deleted target or a missing permission, ends the retries at once. AWS doesn't document the waits. Ours double from one
second up to ten minutes, the last half of each by chance. `time_scale` divides the waits and the maximum age.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serverless_cloud.core.background import Tasks
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.lambda_.delay_queue import DelayQueue

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 600.0


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
    def of(policy: JsonObject | None) -> RetryPolicy:
        """As RetryPolicy of the API has it."""
        policy = policy or {}
        return RetryPolicy(
            policy.get("MaximumRetryAttempts", RetryPolicy.retries),
            float(policy.get("MaximumEventAgeInSeconds", RetryPolicy.max_age_s)),
        )


@dataclass
class Delivery:
    """One thing on its way to one target.

    Args:
        send: sends it once; raises TargetFailed.
        give_up: told the last failure, the number of retries, and which limit ended it: "MaximumRetryAttempts",
            "MaximumEventAgeInSeconds", or "" if no other try could help.
        is_wanted: asked before each try; when not, it ends without a word (its rule was deleted).
    """

    send: Callable[[], None]
    give_up: Callable[[TargetFailed, int, str], None]
    policy: RetryPolicy = RetryPolicy()
    is_wanted: Callable[[], bool] = lambda: True
    begun_s: float = field(default_factory=time.monotonic)
    retries: int = 0


class Deliveries:
    """Takes things to their targets in the background, several at a time, in no order.

    Args:
        tasks: where its threads are started; they are there only while there is work.
        time_scale: asked whenever something has to wait.
    """

    def __init__(self, tasks: Tasks, time_scale: Callable[[], float]) -> None:
        self._time_scale = time_scale
        self._queue = DelayQueue(tasks, "event-delivery", self._try)

    def submit(self, delivery: Delivery) -> None:
        """Begins a delivery; returns at once."""
        self._queue.put(delivery)

    def clear(self) -> None:
        """Forgets all deliveries. Its tasks have been stopped before, so deliveries under way are not tried again."""
        self._queue.clear()

    def _try(self, delivery: Delivery, still_wanted: Callable[[], bool]) -> float | None:
        """Sends it once; returns the real wait before the next try, in seconds."""
        if not delivery.is_wanted():
            return None
        try:
            delivery.send()
            return None
        except TargetFailed as error:
            failure = error
        if not still_wanted():
            return None
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
            return wait_s / self._time_scale()
        return None
