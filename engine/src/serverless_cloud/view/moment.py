"""The rows of the live view: everything that runs in the local cloud at one moment. No moto, no I/O."""

from __future__ import annotations

from typing import TypedDict


class EnvironmentRow(TypedDict):
    """An execution environment.

    Its state is "init", "busy", "frozen" or "ended". After a call that failed, it is "failed" instead of "frozen", and
    "lost" instead of "ended". It may be provisioned.
    """

    id: str
    state: str
    provisioned: bool


class FunctionRow(TypedDict):
    """A function with its environments, the oldest first. One that has ended stays for a few seconds."""

    name: str
    environments: list[EnvironmentRow]


class QueueRow(TypedDict):
    """A queue: how many of its messages can be received, are in flight, and are delayed."""

    name: str
    visible: int
    in_flight: int
    delayed: int


class DatabaseRow(TypedDict):
    """A DB instance: its state, its seats (max_connections), and how many are taken; None if it doesn't say."""

    name: str
    state: str
    seats: int
    taken: int | None


class ProxyRow(TypedDict):
    """A DB proxy: its database connections at most, lent and idle; its clients, and the clients that wait."""

    name: str
    database: str
    seats: int
    lent: int
    idle: int
    clients: int
    waiting: int


class MachineRow(TypedDict):
    """A state machine: its states in order, how many executions are in each, and how many have ended in which way."""

    name: str
    states: list[str]
    running: dict[str, int]
    ended: dict[str, int]


class Moment(TypedDict):
    """Everything at one moment. `time_s`: Unix time, in seconds. `words`: the rest as sentences (words.py)."""

    time_s: float
    words: str
    functions: list[FunctionRow]
    queues: list[QueueRow]
    databases: list[DatabaseRow]
    proxies: list[ProxyRow]
    machines: list[MachineRow]
