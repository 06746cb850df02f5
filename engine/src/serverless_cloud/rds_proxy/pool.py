"""Lends database connections to clients, and keeps the line of waiting clients. No input or output.

Rules (AWS RDS User Guide, "RDS Proxy connection considerations"): at most MaxConnectionsPercent of max_connections are
open; a client that finds none free waits in line for up to ConnectionBorrowTimeout; idle connections above
MaxIdleConnectionsPercent are closed after a while.

A connection belongs to a user, a database and the settings that a client opened its session with. Other clients can't
use it, so the pool closes it when it idles and somebody waits.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

RETRY_S = 0.2  # between two tries to reach a database that is restarting, or full


@dataclass(frozen=True)
class Key:
    """The properties that connections must share to replace each other.

    Args:
        settings: the session's settings from the client's start-up packet, sorted, without ineffective settings.
    """

    user: str
    database: str
    settings: tuple[tuple[str, str], ...] = ()


class Connection(Protocol):
    """A database connection as the pool knows it."""

    key: Key
    idle_since_s: float


C = TypeVar("C", bound=Connection)
W = TypeVar("W")


@dataclass
class Waiter(Generic[W]):
    """Somebody who waits. Args: since_s: when the wait began."""

    who: W
    key: Key
    since_s: float


@dataclass
class Pool(Generic[C, W]):
    """The connections of one proxy.

    Args:
        open: begins to open a connection; `opened`, `refused` or `unreachable` says how that ended.
        close: begins to close one; `closed` says that its seat is free.
        grant: gives a connection to who waited; with the time waited, in seconds.
        refuse: tells who waited that it will get none: b"" for the timeout, else the database's answer.
        limit: how many connections may exist, those being opened and closed included.
        max_idle: how many may idle for longer than `idle_s` seconds.
        borrow_timeout_s: how long to wait, in seconds.
        clock: seconds, ever rising.
    """

    open: Callable[[Key], None]
    close: Callable[[C], None]
    grant: Callable[[C, W, float], None]
    refuse: Callable[[W, bytes], None]
    limit: int = 0
    max_idle: int = 0
    idle_s: float = 300.0
    borrow_timeout_s: float = 120.0
    clock: Callable[[], float] = time.monotonic
    waiting: deque[Waiter[W]] = field(default_factory=deque)
    idle: dict[Key, list[C]] = field(default_factory=dict)  # the one used last at the end, and used first
    opening: Counter[Key] = field(default_factory=Counter)
    borrowed: int = 0
    closing: int = 0
    _retry_at_s: float = 0.0

    @property
    def size(self) -> int:
        """How many seats of the database are taken, or about to be."""
        return self.borrowed + self.closing + self.idle_count + sum(self.opening.values())

    @property
    def idle_count(self) -> int:
        """How many connections nobody uses."""
        return sum(map(len, self.idle.values()))

    def ask(self, who: W, key: Key) -> None:
        """Somebody needs a connection: `grant` or `refuse` follows, at once or later."""
        self.waiting.append(Waiter(who, key, self.clock()))
        self.serve()

    def leave(self, who: W) -> None:
        """Somebody stops waiting."""
        self.waiting = deque(w for w in self.waiting if w.who is not who)

    def serve(self) -> None:
        """Gives out what there is, in the order of asking, and opens what is missing."""
        granted: list[tuple[C, Waiter[W]]] = []
        still: deque[Waiter[W]] = deque()
        opening = Counter(self.opening)
        while self.waiting:
            waiter = self.waiting.popleft()
            if idle := self.idle.get(waiter.key):
                self.borrowed += 1
                granted.append((idle.pop(), waiter))
                continue
            still.append(waiter)
            if opening[waiter.key]:
                opening[waiter.key] -= 1  # that one is for this waiter
            elif not self._open(waiter.key) and not self.idle_count:
                break
        self.waiting = still + self.waiting
        for connection, waiter in granted:  # last: a grant may ask, release or close
            self.grant(connection, waiter.who, self.clock() - waiter.since_s)

    def _open(self, key: Key) -> bool:
        if self.clock() < self._retry_at_s:
            return False
        if self.size >= self.limit:
            others = [k for k, connections in self.idle.items() if connections and k != key]
            if self.size == self.limit and others and self.limit:
                self._close(min((self.idle[k][0] for k in others), key=lambda c: c.idle_since_s))
            return False
        self.opening[key] += 1
        self.open(key)
        return True

    def opened(self, connection: C) -> None:
        """A connection is ready."""
        self.opening[connection.key] -= 1
        self._retry_at_s = 0.0
        connection.idle_since_s = self.clock()
        self.idle.setdefault(connection.key, []).append(connection)
        self.serve()

    def opened_too_late(self, connection: C) -> None:
        """A connection is ready, but nobody wants its database any more."""
        self.opening[connection.key] -= 1
        self.closing += 1
        self.close(connection)
        self.serve()

    def refused(self, key: Key, answer: bytes) -> None:
        """Tells the clients that wait for such a connection that the database refused it for good."""
        self.opening[key] -= 1
        waiters = [w for w in self.waiting if w.key == key]
        self.waiting = deque(w for w in self.waiting if w.key != key)
        for waiter in waiters:
            self.refuse(waiter.who, answer)
        self.serve()

    def unreachable(self, key: Key) -> None:
        """The database cannot be reached, or is full: to be tried again."""
        self.opening[key] -= 1
        self._retry_at_s = self.clock() + RETRY_S

    def release(self, connection: C) -> None:
        """A borrowed connection comes back."""
        self.borrowed -= 1
        connection.idle_since_s = self.clock()
        self.idle.setdefault(connection.key, []).append(connection)
        if self.size > self.limit:
            self._close(connection)
        elif self.waiting:
            self.serve()

    def discard(self, connection: C) -> None:
        """A borrowed connection must not be used again."""
        self.borrowed -= 1
        self.closing += 1
        self.close(connection)

    def close_idle(self) -> None:
        """Closes all idle connections."""
        for connection in [c for connections in self.idle.values() for c in connections]:
            self._close(connection)

    def distrust(self, idle: C) -> None:
        """An idle connection must not be used again."""
        self._close(idle)

    def _close(self, idle: C) -> None:
        self.idle[idle.key].remove(idle)
        self.closing += 1
        self.close(idle)

    def closed(self) -> None:
        """The seat of a connection that was to be closed is free."""
        self.closing -= 1
        self.serve()

    def lost(self, connection: C) -> None:
        """A connection ended by itself, borrowed or idle."""
        idle = self.idle.get(connection.key, [])
        if connection in idle:
            idle.remove(connection)
        else:
            self.borrowed -= 1
        self.serve()

    def tick(self) -> None:
        """Call it regularly. It ends waits that are too long, closes idle connections, and tries again."""
        now = self.clock()
        late = [w for w in self.waiting if now - w.since_s >= self.borrow_timeout_s]  # the time to open one included
        self.waiting = deque(w for w in self.waiting if now - w.since_s < self.borrow_timeout_s)
        for waiter in late:
            self.refuse(waiter.who, b"")
        self.idle = {key: connections for key, connections in self.idle.items() if connections}
        self.opening = +self.opening
        while self.idle_count and self.size - self.closing > self.limit:
            self._close(self._oldest_idle())
        while self.idle_count > self.max_idle and now - self._oldest_idle().idle_since_s >= self.idle_s:
            self._close(self._oldest_idle())
        if self.waiting:
            self.serve()

    def _oldest_idle(self) -> C:
        return min((c for connections in self.idle.values() for c in connections), key=lambda c: c.idle_since_s)
