"""Calls that meet: each has its execution environment before any of them goes on.

On AWS a burst of 60 calls starts 60 environments on many machines side by side. Here they start on a few processors,
one after the other, and the first would be free again before the last has started. Calls that belong together therefore
wait, with their environment, until the last of them has come. The caller says so in a header that AWS ignores.

    X-Serverless-First-Gather: NAME/60      one of 60 calls that meet under this name
"""

from __future__ import annotations

import threading

HEADER = "X-Serverless-First-Gather"
LIMIT_S = 120.0  # a caller that has died must not keep the others for ever


class Gathering:
    """The `size` calls that meet under one name."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._moved = threading.Condition()

    def count(self) -> None:
        """One has come that does not wait: it was refused."""
        with self._moved:
            self._left -= 1
            self._moved.notify_all()

    def meet(self) -> None:
        """One has come; returns when all have, or after two minutes."""
        self.count()
        with self._moved:
            self._moved.wait_for(lambda: self._left <= 0, LIMIT_S)


class Gatherings:
    """All of them, by name."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Gathering, int]] = {}  # and how many of its calls are still to be announced
        self._lock = threading.Lock()

    def announce(self, header: str) -> Gathering | None:
        """The gathering of a call with this header; None for a call that meets nobody.

        Raises:
            ValueError: the header is malformed.
        """
        if not header:
            return None
        name, _, number = header.rpartition("/")
        if not name or not number.isdecimal() or int(number) < 1:
            raise ValueError(f"{HEADER} is {header!r}. It must be a name, a slash and a number, such as sale/60.")
        with self._lock:
            gathering, left = self._open.pop(name, (Gathering(int(number)), int(number)))
            if left > 1:
                self._open[name] = (gathering, left - 1)
        return gathering
