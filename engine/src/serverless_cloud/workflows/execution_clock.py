"""How long an execution has taken by AWS's clock, of which parts pass faster here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class ExecutionClock:
    """The clock of one execution.

    Waits of Wait states and of Retry are divided by the time scale, but count in full for the machine's own
    TimeoutSeconds. Branches of Parallel and Map wait at the same time, so each branch keeps for itself how far it is
    ahead of the real clock: `ahead_s`, in seconds.

    Args:
        time_scale: what AWS's own waits are divided by, now.
        timeout_s: the machine's TimeoutSeconds, or None.
    """

    def __init__(self, time_scale: Callable[[], float], timeout_s: float | None) -> None:
        self._time_scale, self.timeout_s = time_scale, timeout_s
        self._began_s = time.monotonic()

    def left_s(self, ahead_s: float) -> float:
        """Seconds until the execution times out, for a branch that is so far ahead; infinite without a limit."""
        if self.timeout_s is None:
            return float("inf")
        return self._began_s + self.timeout_s - time.monotonic() - ahead_s

    def wait(self, wait_s: float, ahead_s: float, stopped: threading.Event) -> tuple[float, bool]:
        """Waits, as long as AWS would, divided by the time scale.

        Args:
            wait_s: AWS's wait, in seconds.
            ahead_s: how far the branch is ahead.
            stopped: ends the wait at once.

        Returns: how far it is ahead now, and whether the execution has timed out meanwhile.
        """
        counted_s = max(0.0, min(wait_s, self.left_s(ahead_s)))
        is_late = counted_s < wait_s
        if counted_s:
            real_s = counted_s / self._time_scale()
            stopped.wait(min(real_s, threading.TIMEOUT_MAX))
            ahead_s += counted_s - real_s
        return ahead_s, is_late and not stopped.is_set()
