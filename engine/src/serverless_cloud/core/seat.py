"""A seat of a class: a learner who shares the machine with others, and what follows.

The class sets two variables; without them nothing here changes anything. With them

    bursts are as large as the seat's memory allows, and 18 at least: more than the course's database has seats for
    idle execution environments end after 15 s, or when others need their memory, as they may on AWS at any time
    bursts and checks take turns: a few at a time in the whole class, so that each runs as if it were alone
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ALLOTMENT = "SERVERLESS_FIRST_MEMORY_MB"
"""The memory of this seat, MB."""
TURNS = "SERVERLESS_FIRST_TURNS"
"""The Unix socket at which this seat asks for a turn."""
KEPT_MB = 650  # JupyterLab, a kernel, the local cloud and PostgreSQL, as measured in lab 05
EACH_MB = 22  # an execution environment that has imported psycopg, what it shares with others divided among them
FEWEST = 18  # the database of modules 04 and 05 has 20 seats, 15 of them for the functions
IDLE_S = 15.0
LONGEST_WAIT_S = 240.0
_SAID_AFTER_S = 3.0


def allotment_mb() -> int | None:
    """The memory of this seat in MB; None outside a class."""
    with suppress(KeyError, ValueError):
        return int(os.environ[ALLOTMENT])
    return None


def most_environments() -> int | None:
    """How many execution environments this seat can hold; None outside a class."""
    allotment = allotment_mb()
    return None if allotment is None else max(FEWEST, (allotment - KEPT_MB) // EACH_MB)


class _Turn:
    """The turn of this process: taken once, however many threads ask for it at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._connection: socket.socket | None = None

    def enter(self, path: str) -> None:
        with self._lock:
            if self._connection is None:
                self._connection = _connection_with_a_turn(path)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._connection is not None:
                self._connection.close()  # and the turn with it
                self._connection = None


_turn = _Turn()


@contextmanager
def turn() -> Iterator[None]:
    """Waits for a turn of the class, four minutes at most, and keeps it for as long as the block runs.

    A process that ends, however it does, gives its turn back.
    """
    path = os.environ.get(TURNS)
    if not path or os.name != "posix":
        yield
        return
    _turn.enter(path)
    try:
        yield
    finally:
        _turn.leave()


def _connection_with_a_turn(path: str) -> socket.socket | None:
    """A connection to the class, once this seat has a turn; None if there is no class, or the wait was too long."""
    connection = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        connection.connect(path)
        for wait_s in (_SAID_AFTER_S, LONGEST_WAIT_S):
            connection.settimeout(wait_s)
            try:
                if connection.recv(1):
                    return connection
                break
            except TimeoutError:
                if wait_s == _SAID_AFTER_S:
                    print(
                        "Others in the class are running a burst or a check, and only a few can run at the same time. "
                        "Yours is waiting for its turn."
                    )
    connection.close()
    return None
