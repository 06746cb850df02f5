"""The events in the proxy, one line each, for a lesson to show.

Kinds: connect, login, refuse, disconnect (clients); open, close, lost (database connections; lost with a detail: the
database did not let the proxy in); borrow, query, pin, return, timeout, cancel (clients and connections together).
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import Any

KEPT = 20_000
#: The fields of `serverless_cloud.records.ProxyEvent`; time_s is Unix time, in seconds.
_FIELDS = ("number", "time_s", "client", "server", "kind", "detail")


class Events:
    """The last 20,000 events. Args: clock: Unix time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._events: deque[tuple[int, float, int | None, int | None, str, str]] = deque(maxlen=KEPT)

    def note(self, kind: str, client: int | None, server: int | None, detail: str = "") -> None:
        """Adds one."""
        self._events.append((next(self._numbers), self._clock(), client, server, kind, detail))

    def after(self, number: int) -> list[dict[str, Any]]:
        """The events with a greater number, the oldest first."""
        return [dict(zip(_FIELDS, event, strict=True)) for event in self._events if event[0] > number]
