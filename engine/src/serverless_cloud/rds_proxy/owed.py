"""The answers that the database still owes one client and that matter to the proxy, in the order of their arrival.

Source: PostgreSQL documentation, "Message Flow": answers come in the order of the requests; after an error in extended
protocol everything up to the Sync is skipped; in the middle of a copy Syncs are ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from serverless_cloud.rds_proxy.statements import Statement


class Due(Enum):
    """An answer that will come."""

    QUERY = "ReadyForQuery of a simple query"
    SYNC = "ReadyForQuery of a Sync"
    PARSE = "ParseComplete, for the client"
    HIDDEN_PARSE = "ParseComplete of a statement that the proxy prepared again"
    KNOWN_PARSE = "CloseComplete, which the client sees as ParseComplete: the statement was there already"
    TAKEN_PARSE = "an error: the name is taken"
    CLOSE = "CloseComplete, for the client"
    HIDDEN_CLOSE = "CloseComplete of a statement that the proxy closed"
    MARK = "CloseComplete of nothing: no error has come before the simple query behind it"


READY = (Due.QUERY, Due.SYNC)


class Entry(NamedTuple):
    """One answer that is due.

    Args:
        asked_s: when it was asked, by the session's clock.
        key, name: the statement's name at the database and at the client.
        body: what was prepared.
        closed: what a Close has removed.
    """

    due: Due
    asked_s: float
    key: bytes = b""
    name: bytes = b""
    body: bytes = b""
    closed: Statement | None = None


class Owed:
    """All that is due to one client.

    Args:
        clock: seconds, ever rising.

    Attributes:
        ready: how many ReadyForQuery are among it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.ready = 0
        self._clock = clock
        self._entries: deque[Entry] = deque()

    def add(
        self, due: Due, key: bytes = b"", name: bytes = b"", *, body: bytes = b"", closed: Statement | None = None
    ) -> None:
        """Something was asked. Args: as of `Entry`."""
        self._entries.append(Entry(due, self._clock(), key, name, body, closed))
        self.ready += due in READY

    def take(self) -> Entry | None:
        """The entry that the ParseComplete or CloseComplete answers."""
        if self._entries and self._entries[0].due not in READY:
            return self._entries.popleft()
        return None

    def take_ready(self) -> tuple[float, list[Entry]]:
        """ReadyForQuery has come: how long it took, in seconds, and what was skipped before it, the last first.

        After an error in extended protocol a simple query is skipped like everything else up to the Sync.
        """
        skipped: list[Entry] = []
        while self._entries:
            entry = self._entries.popleft()
            if entry.due in READY:
                self.ready -= 1
                if entry.due is Due.SYNC or not skipped:
                    return self._clock() - entry.asked_s, skipped[::-1]
            else:
                skipped.append(entry)
        return 0.0, skipped[::-1]

    def copy_begins(self) -> bool:
        """The database waits for a client's data: whether it ignores the Syncs that it has got already."""
        first = next((entry.due for entry in self._entries if entry.due in READY), None)
        if first is not Due.SYNC:
            return False
        self._entries = deque(entry for entry in self._entries if entry.due is not Due.SYNC)
        self.ready = sum(entry.due in READY for entry in self._entries)
        return True
