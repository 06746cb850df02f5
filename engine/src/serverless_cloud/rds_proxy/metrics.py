"""The proxy's metrics, under RDS Proxy's names in CloudWatch.

One value for each metric and minute. A counter's is its sum within the minute, a latency's its average, in
microseconds. A gauge's is its peak within the minute: AWS samples once a minute, and would miss a burst of seconds.
Names: AWS RDS User Guide, "Monitoring RDS Proxy metrics with Amazon CloudWatch".
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT_MINUTES = 180

COUNTERS = (
    "ClientConnectionsReceived", "ClientConnectionsSetupSucceeded", "ClientConnectionsSetupFailedAuth",
    "ClientConnectionsClosed", "DatabaseConnectionRequests", "DatabaseConnectionsSetupSucceeded",
    "DatabaseConnectionsSetupFailed", "QueryRequests", "QueryRequestsTLS", "QueryRequestsNoTLS",
)  # fmt: skip
GAUGES = (
    "ClientConnections", "ClientConnectionsTLS", "ClientConnectionsNoTLS", "DatabaseConnections",
    "DatabaseConnectionsCurrentlyBorrowed", "DatabaseConnectionsCurrentlyInTransaction",
    "DatabaseConnectionsCurrentlySessionPinned", "MaxDatabaseConnectionsAllowed",
)  # fmt: skip


@dataclass
class _Minute:
    sums: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, int] = field(default_factory=dict)
    times_us: dict[str, tuple[float, int]] = field(default_factory=dict)


class Metrics:
    """The proxy's metrics. Args: clock: Unix time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.now: dict[str, int] = dict.fromkeys(GAUGES, 0)
        self._minutes: dict[int, _Minute] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Counts."""
        self._minute().sums[name] += count

    def change(self, name: str, by: int) -> None:
        """A gauge rises or falls."""
        self.set(name, self.now[name] + by)

    def set(self, name: str, value: int) -> None:
        """A gauge has a value."""
        peaks = self._minute().peaks
        self.now[name] = value
        if value > peaks.get(name, 0):
            peaks[name] = value

    def observe(self, name: str, duration_s: float) -> None:
        """A latency was measured, in seconds."""
        times = self._minute().times_us
        total, count = times.get(name, (0.0, 0))
        times[name] = (total + duration_s * 1e6, count + 1)

    def minutes(self) -> list[dict[str, object]]:
        """The values of each minute, the oldest first: {"minute": Unix time // 60, "values": {name: value}}."""
        self._minute()
        return [{"minute": minute, "values": _values(m)} for minute, m in sorted(self._minutes.items())]

    def _minute(self) -> _Minute:
        minute = int(self._clock() // 60)
        record = self._minutes.get(minute)
        if record is None:
            # what a gauge is now, it was through every minute since it changed
            for missed in range(max(self._minutes, default=minute) + 1, minute)[-KEPT_MINUTES:]:
                self._minutes[missed] = _Minute(peaks=dict(self.now))
            record = self._minutes[minute] = _Minute(peaks=dict(self.now))
            for old in [m for m in self._minutes if m <= minute - KEPT_MINUTES]:
                del self._minutes[old]
        return record


def _values(minute: _Minute) -> dict[str, float]:
    counted = {name: float(minute.sums[name]) for name in COUNTERS}
    gauges = {name: float(minute.peaks.get(name, 0)) for name in GAUGES}
    measured = {name: total / count for name, (total, count) in minute.times_us.items()}
    return counted | gauges | measured
