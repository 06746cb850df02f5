"""Activities: tasks wait in the order in which they came until a worker asks for one.

Rules: Step Functions Developer Guide, "Activities"; API Reference, GetActivityTask. No moto.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from serverless_cloud.workflows.tokens import PendingTask

LONGEST_POLL_S = 60.0  # API Reference, GetActivityTask
SHORTEST_POLL_S = 5.0


@dataclass(frozen=True)
class Scheduled:
    """A task of an activity. Args: task: to be taken and ended; given: its input, JSON."""

    task: PendingTask
    given: str


class Activities:
    """The tasks of all activities that no worker has taken.

    Args:
        time_scale: divides the time for which a worker's request is held, 60 s, down to 5 s.
    """

    def __init__(self, time_scale: Callable[[], float]) -> None:
        self._time_scale = time_scale
        self._waiting: dict[str, deque[Scheduled]] = defaultdict(deque)
        self._changed = threading.Condition()
        self._generation = 0

    def schedule(self, activity_arn: str, scheduled: Scheduled) -> None:
        """A state machine has a task for the workers of an activity."""
        with self._changed:
            self._waiting[activity_arn].append(scheduled)
            self._changed.notify_all()

    def withdraw(self, activity_arn: str, scheduled: Scheduled) -> None:
        """Nobody waits for this task any more; no worker gets it."""
        with self._changed:
            if scheduled in self._waiting[activity_arn]:
                self._waiting[activity_arn].remove(scheduled)

    def take(self, activity_arn: str, worker: str | None) -> Scheduled | None:
        """The next task for a worker, waited for; None if none came in time.

        Args:
            worker: the worker's name, if it has one.
        """
        end_s = time.monotonic() + max(LONGEST_POLL_S / self._time_scale(), SHORTEST_POLL_S)
        with self._changed:
            generation = self._generation
            while not self._waiting[activity_arn]:
                left_s = end_s - time.monotonic()
                if left_s <= 0 or generation != self._generation:
                    return None
                self._changed.wait(left_s)
            scheduled = self._waiting[activity_arn].popleft()
        scheduled.task.take(worker)
        return scheduled

    def clear(self) -> None:
        """Forgets all tasks; workers that wait get none."""
        with self._changed:
            self._waiting.clear()
            self._generation += 1
            self._changed.notify_all()
