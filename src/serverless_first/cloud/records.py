"""What the local cloud tells of itself: the rows that `Cloud` hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExecutionEnvironment:
    """One execution environment, as it was when you asked.

    Args:
        pid: its process on this machine; look it up in your system's process list.
        state: "init", "busy", "frozen" or "ended".
        invocations: how many events it has been given.
        created, last_used: when it was started, when its state last changed.
        memory: the memory that its process holds now, in MB; 0 when it has ended.
        version: the version of the function that it serves.
        provisioned: whether provisioned concurrency has initialised it ahead.
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
    """What one environment did for a while; times in seconds since the function's first environment was started."""

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
