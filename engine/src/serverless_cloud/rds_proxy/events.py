"""What happens in the proxy, one line each, for a lesson to show.

Kinds: connect, login, refuse, disconnect (clients); open, close, lost (database connections; lost with a detail: the
database did not let the proxy in); borrow, query, pin, return, timeout, cancel (clients and connections together).
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 20_000


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Args:
        number: counted from 1.
        time_s: Unix time, in seconds.
        client, server: the numbers of the client and of the database connection; None where there is none.
        kind: as listed above.
        detail: the statement, the cause, the time waited.
    """

    number: int
    time_s: float
    client: int | None
    server: int | None
    kind: str
    detail: str


class Events:
    """The last 20,000 events. Args: clock: Unix time, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._kept: deque[tuple[int, float, int | None, int | None, str, str]] = deque(maxlen=KEPT)

    def note(self, kind: str, client: int | None, server: int | None, detail: str = "") -> None:
        """Adds one."""
        self._kept.append((next(self._numbers), self._clock(), client, server, kind, detail))

    def after(self, number: int) -> list[dict[str, Any]]:
        """Those with a greater number, the oldest first."""
        return [asdict(Event(*kept)) for kept in self._kept if kept[0] > number]
