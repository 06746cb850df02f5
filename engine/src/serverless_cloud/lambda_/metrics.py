"""Lambda's metrics, under their names in CloudWatch.

Names and rules: AWS Lambda Developer Guide, "Types of metrics for Lambda functions". Errors and Throttles are binary:
each call adds 0 or 1, so the average is the share. A call's values belong to the moment at which it was invoked, not to
its end. Throttled calls don't count as Invocations. One value for each metric and second; AWS has one for each
minute, which is too coarse for experiments here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

KEPT_S = 3 * 3600

FunctionKey = tuple[str, str, str]  # account, Region, function


@dataclass
class Values:
    """The values within one second: how many, and their sum, least and greatest."""

    count: int = 0
    sum: float = 0.0
    least: float = 0.0
    most: float = 0.0

    def add(self, value: float) -> None:
        """One more."""
        self.least = min(self.least, value) if self.count else value
        self.most = max(self.most, value) if self.count else value
        self.count += 1
        self.sum += value


@dataclass
class _Function:
    """One function's metrics: second -> metric -> values; and how many of its calls run, since when."""

    seconds: dict[int, dict[str, Values]] = field(default_factory=dict)
    running: int = 0
    looked_s: int = 0

    def add(self, second: int, metric: str, value: float) -> None:
        self.seconds.setdefault(second, {}).setdefault(metric, Values()).add(value)

    def run(self, now_s: int, by: int) -> None:
        """As many calls more run. ConcurrentExecutions has a value for each second in which one did."""
        if self.running:
            for second in range(max(self.looked_s + 1, now_s - KEPT_S), now_s + 1):
                self.add(second, "ConcurrentExecutions", self.running)
        self.looked_s = now_s
        self.running += by
        if by > 0:
            self.add(now_s, "ConcurrentExecutions", self.running)
        for old in [s for s in self.seconds if s <= now_s - KEPT_S] if len(self.seconds) > KEPT_S else []:
            del self.seconds[old]


class CountedCall:
    """One call, as the metrics see it. They ignore what it reports after `Metrics.clear`."""

    def __init__(self, function: _Function, clock: Callable[[], float], lock: threading.Lock) -> None:
        self._function, self._clock, self._lock = function, clock, lock
        self._begun_s: float | None = None

    def begin(self) -> None:
        """It counts against the limits of concurrency from now on."""
        with self._lock:
            self._begun_s = self._clock()
            self._function.run(int(self._begun_s), +1)

    def end(self, duration_ms: float, *, failed: bool) -> None:
        """It has ended.

        Args:
            duration_ms: the handler's time, in ms.
            failed: whether it ended with a function error.
        """
        with self._lock:
            now_s = self._clock()
            self._function.run(int(now_s), -1)
            of_call = {"Invocations": 1.0, "Errors": float(failed), "Throttles": 0.0, "Duration": duration_ms}
            for metric, value in of_call.items():
                self._function.add(int(self._begun_s or now_s), metric, value)

    def throttled(self) -> None:
        """It was refused, because a limit of concurrency is reached."""
        with self._lock:
            self._function.add(int(self._clock()), "Throttles", 1.0)

    def give_up(self) -> None:
        """It has not run, for whatever reason."""
        with self._lock:
            if self._begun_s is not None:
                self._function.run(int(self._clock()), -1)


class Metrics:
    """The metrics of all functions. Args: clock: Unix time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._functions: dict[FunctionKey, _Function] = {}
        self._lock = threading.Lock()

    def of(self, account_id: str, region: str, function: str) -> CountedCall:
        """A call of this function, to be told how it goes on."""
        with self._lock:
            counters = self._functions.setdefault((account_id, region, function), _Function())
        return CountedCall(counters, self._clock, self._lock)

    def rows(self, account_id: str, region: str) -> list[tuple[str, str, int, Values]]:
        """Function, metric, Unix time in seconds, values: all that are kept of one account and Region."""
        with self._lock:
            now_s = int(self._clock())
            rows = []
            for (account, place, name), function in self._functions.items():
                if (account, place) == (account_id, region):
                    function.run(now_s, 0)
                    rows += [
                        (name, metric, second, replace(values))
                        for second, metrics in sorted(function.seconds.items())
                        for metric, values in metrics.items()
                    ]
            return rows

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._functions.clear()
