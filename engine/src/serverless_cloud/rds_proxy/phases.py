"""Where a client of the proxy is, as a table.

    idle ------ask-----> waiting      (it sent something that the database must answer)
    waiting ---grant---> borrowing    (the pool gave it a connection)
    borrowing -return--> idle         (its transaction has ended: the connection is free)
    borrowing -pin-----> pinned       (it changed the connection: nobody else may have it)
    any -------end-----> ended

Source: AWS RDS User Guide, "RDS Proxy concepts and terminology".
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a client is."""

    IDLE = "idle"
    WAITING = "waiting"
    BORROWING = "borrowing"
    PINNED = "pinned"
    ENDED = "ended"


class Move(StrEnum):
    """An event that changes the phase."""

    ASK = "ask"
    GRANT = "grant"
    RETURN = "return"
    PIN = "pin"
    END = "end"


TRANSITIONS: dict[tuple[Phase, Move], Phase] = {
    (Phase.IDLE, Move.ASK): Phase.WAITING,
    (Phase.IDLE, Move.END): Phase.ENDED,
    (Phase.WAITING, Move.GRANT): Phase.BORROWING,
    (Phase.WAITING, Move.END): Phase.ENDED,
    (Phase.BORROWING, Move.RETURN): Phase.IDLE,
    (Phase.BORROWING, Move.PIN): Phase.PINNED,
    (Phase.BORROWING, Move.END): Phase.ENDED,
    (Phase.PINNED, Move.END): Phase.ENDED,
}
