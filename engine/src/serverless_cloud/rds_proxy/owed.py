"""The answers that the database owes one client and that matter to the proxy, in the order of their arrival.

The proxy asks for at most one ReadyForQuery at a time. A message behind a Sync or a query waits until the database is
ready. So there is never a doubt which answer belongs to which request.

Source: PostgreSQL documentation, "Message Flow": answers come in the order of the requests, and after an error in the
extended protocol everything up to the Sync is skipped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from serverless_cloud.rds_proxy import wire
from serverless_cloud.rds_proxy.statements import Statement


class Turn(Enum):
    """The state of a conversation, which decides how the database reads the next message."""

    QUIET = "nothing is asked"
    BATCH = "it answers messages of the extended protocol, up to a Sync"
    HELD = "it runs an execution whose answer tells how it will read what follows"
    COPY = "it reads the data of a COPY"
    SKIPPING = "it skips everything up to a Sync, because of an error"
    ASKED = "it answers a query or a Sync, and ReadyForQuery is due"


class Due(Enum):
    """An answer that will come."""

    PARSE = "ParseComplete, for the client"
    HIDDEN_PARSE = "ParseComplete of a statement that the proxy prepared again"
    KNOWN_PARSE = "CloseComplete, which the client sees as ParseComplete: the statement was there already"
    TAKEN_PARSE = "an error: the name is taken"
    CLOSE = "CloseComplete, for the client"
    HIDDEN_CLOSE = "CloseComplete of a statement that the proxy closed"
    MARK = "CloseComplete of nothing: no error has come before the message behind it"


class Entry(NamedTuple):
    """One answer that is due.

    Args:
        key, name: the statement's name at the database and at the client.
        body: what was prepared.
        closed: what a Close has removed.
    """

    due: Due
    key: bytes = b""
    name: bytes = b""
    body: bytes = b""
    closed: Statement | None = None


class Owed:
    """All that is due to one client, and so whose turn it is.

    Args:
        clock: seconds, ever rising.

    Attributes:
        turn: what the database does with what the client sends next.
        entries: the answers that are due before the next ReadyForQuery.
        is_spoiled: whether the connection must not be used by another client. After a query before the Sync of a batch,
            PostgreSQL 18 reports idle while its transaction goes on, and refuses the next query with XX000.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.turn = Turn.QUIET
        self.entries: deque[Entry] = deque()
        self.is_spoiled = False
        self._clock = clock
        self._asked_s = 0.0
        self._is_query = False  # whether the ReadyForQuery that is due is a query's or a function call's
        self._is_ready_due = False

    # ---- the client asks

    def add(
        self, due: Due, key: bytes = b"", name: bytes = b"", *, body: bytes = b"", closed: Statement | None = None
    ) -> None:
        """Notes a request. Args: as of `Entry`."""
        self.entries.append(Entry(due, key, name, body, closed))

    def expect_ready(self, *, is_query: bool) -> None:
        """Notes a request whose last answer is ReadyForQuery. Args: is_query: whether it isn't a Sync."""
        self.turn, self._is_query, self._is_ready_due = Turn.ASKED, is_query, True
        self._asked_s = self._clock()

    def copy_ends(self) -> None:
        """The client has sent all data of a COPY."""
        self.turn = Turn.ASKED if self._is_ready_due else Turn.BATCH

    # ---- the database answers

    def take(self) -> Entry:
        """The entry that the ParseComplete or CloseComplete answers.

        Raises:
            wire.ProtocolError: it answers nothing.
        """
        if not self.entries:
            raise wire.ProtocolError("a ParseComplete or CloseComplete that answers nothing")
        return self.entries.popleft()

    def copy_begins(self) -> None:
        """CopyInResponse has come.

        Raises:
            wire.ProtocolError: nothing that was sent begins a COPY.
        """
        if self.turn is not Turn.HELD and not (self.turn is Turn.ASKED and self._is_query):
            raise wire.ProtocolError("a CopyInResponse that answers nothing")
        self.turn = Turn.COPY

    def execution_ends(self) -> None:
        """An execution has had its last answer."""
        if self.turn is Turn.HELD and not self.entries:
            self.turn = Turn.BATCH

    def fail(self) -> list[Entry]:
        """An error has come. Returns what the database has refused or skips, the last request first."""
        skipped = list(self.entries)[::-1]
        self.entries.clear()
        if self.turn is Turn.ASKED and any(entry.due is Due.MARK for entry in skipped):
            self._is_ready_due = self.is_spoiled = False  # the query behind the mark is skipped with its batch
            self.turn = Turn.SKIPPING
        elif self.turn is Turn.COPY and self._is_ready_due:
            self.turn = Turn.ASKED
        elif self.turn in (Turn.BATCH, Turn.HELD, Turn.COPY):
            self.turn = Turn.SKIPPING
        return skipped

    def take_ready(self) -> float:
        """ReadyForQuery has come. Returns the seconds that it took.

        Raises:
            wire.ProtocolError: nobody is owed one.
        """
        if self.turn is not Turn.ASKED or self.entries:
            raise wire.ProtocolError("a ReadyForQuery that nobody is owed")
        self.turn, self._is_ready_due = Turn.QUIET, False
        return self._clock() - self._asked_s
