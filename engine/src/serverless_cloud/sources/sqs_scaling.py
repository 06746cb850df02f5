"""How many batches of one queue may be under way at the same moment.

Rules (AWS Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings", text of 2026): a
mapping starts with five concurrent batches. While messages are left in the queue it adds up to 300 a minute, to at most
1,250, or to MaximumConcurrency. When calls fail, Lambda backs off; AWS gives no numbers for that, here the limit is
halved.
Scaling is AWS's own wait, so `time_scale` divides it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST, MORE_PER_MINUTE, MOST = 5, 300, 1250


class Scaling:
    """The limit of one mapping.

    Args:
        maximum: MaximumConcurrency, or None.
        time_scale: AWS's own waiting times are divided by what it answers.
        clock: seconds.
    """

    def __init__(
        self, maximum: int | None, time_scale: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = MOST if maximum is None else maximum
        self._time_scale, self._clock = time_scale, clock
        self._limit = float(min(FIRST, self._most))
        self._working_since_s: float | None = None
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many batches may be under way now."""
        return int(self._limit)

    def messages_left(self) -> None:
        """There are messages in the queue: the limit grows from one such moment to the next."""
        with self._lock:
            now_s = self._clock()
            if self._working_since_s is not None:
                grown = (now_s - self._working_since_s) * self._time_scale() * MORE_PER_MINUTE / 60
                self._limit = min(self._limit + grown, float(self._most))
            self._working_since_s = now_s

    def queue_is_empty(self) -> None:
        """Back to the beginning."""
        with self._lock:
            self._limit = float(min(FIRST, self._most))
            self._working_since_s = None

    def call_failed(self) -> None:
        """Backs off."""
        with self._lock:
            self._limit = max(1.0, self._limit / 2)
