"""The rows that `Cloud` returns about the local cloud."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExecutionEnvironment:
    """One execution environment at the moment of the call.

    Args:
        pid: its process on this machine; look it up in your system's process list.
        state: "init", "busy", "frozen" or "ended".
        invocations: how many events it has received.
        created, last_used: when it was started, when its state last changed.
        memory: the memory that its process holds now, in MB; 0 when it has ended.
        version: the version of the function that it serves.
        provisioned: whether provisioned concurrency initialized it ahead.
    """

    id: str
    function: str
    pid: int
    state: str
    invocations: int
    created: datetime
    last_used: datetime
    memory: float
    version: str
    provisioned: bool


@dataclass(frozen=True)
class Interval:
    """One phase of an environment. Times are in seconds since the function's first environment started."""

    environment: str
    pid: int
    phase: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class ProxyEvent:
    """One thing that an RDS proxy did.

    Args:
        number: counted from 1.
        time_s: Unix time, in seconds.
        client, server: the numbers of the client connection and of the database connection; None where there is none.
        kind: "borrow", "query", "pin", "return" and so on.
        detail: the statement, the cause of the pin, the time waited.
    """

    number: int
    time_s: float
    client: int | None
    server: int | None
    kind: str
    detail: str


@dataclass(frozen=True)
class DatabaseSession:
    """One client that is logged in to an RDS instance, as pg_stat_activity shows it.

    Args:
        pid: the process of PostgreSQL that serves it.
        user, database: the role and the database of its login.
        application: the name that the client has given itself; empty if none.
        state: "active", "idle", "idle in transaction" and so on.
        waits_for: "Lock", "Client" and so on; empty if it isn't waiting.
        query: its last statement.
        connected_s, since_s: when it connected, and when its state last changed; Unix time, in seconds.
    """

    pid: int
    user: str
    database: str
    application: str
    state: str
    waits_for: str
    query: str
    connected_s: float
    since_s: float


@dataclass(frozen=True)
class Sample:
    """The sessions of a database at one moment.

    Args:
        time_s: in seconds since the watch began.
        sessions: the sessions at that moment.
    """

    time_s: float
    sessions: Sequence[DatabaseSession]

    @property
    def states(self) -> Counter[str]:
        """How many sessions are in which state."""
        return Counter(session.state for session in self.sessions)


@dataclass(frozen=True)
class CallResult:
    """The result of one call to a function.

    Args:
        outcome: "answered"; "failed" if the function ended with an error; "throttled" if Lambda refused the call.
        payload: the function's return value; None if it didn't return.
        error: the error's message, as Lambda gives it; empty if there is none.
        took_s: how long the caller waited, in seconds. With `Cloud.at_once` that includes the wait for the others.
        log: the last 4 KB of the function's log.
    """

    outcome: str
    payload: object
    error: str
    took_s: float
    log: str

    @property
    def duration_ms(self) -> float | None:
        """How long the handler ran, in ms: Duration of the REPORT line; None if there is none."""
        match = re.search(r"\tDuration: ([\d.]+) ms", self.log)
        return float(match[1]) if match else None
