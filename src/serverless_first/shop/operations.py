"""Counts what a team does to run something, by looking on while it is done.

A ledger notes each command, call, statement and file at the moment when it runs::

    ledger = Ledger("RDS")
    rds = ledger.client("rds")          # each of its calls is noted, with the number of values that it gives
    with ledger.task("set it up"):
        rds.create_db_instance(...)
    ledger.total("actions")
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import boto3

Kind = Literal["actions", "settings", "patch", "watch"]
#: The counted kinds, with the words that a reader sees.
KINDS: Mapping[Kind, str] = {
    "actions": "commands, calls, statements",
    "settings": "values that you choose",
    "patch": "things to patch",
    "watch": "things to watch",
}


@dataclass
class Operation:
    """One thing that was done, or that has to be patched or watched.

    Attributes:
        task: what it was done for.
        kind: "actions", "patch" or "watch".
        what: the program, call, statement or thing.
        settings: the values that were chosen in it.
        refused: whether it was answered with an error.
    """

    task: str
    kind: Kind
    what: str
    settings: int = 0
    refused: bool = False


class Ledger:
    """The operations of one way to run a store.

    Args:
        name: of that way, as in "RDS".

    Attributes:
        operations: what was noted, the oldest first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: list[Operation] = []
        self._task = ""

    @contextlib.contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Notes the operations inside for this task, instead of the operations of an earlier run."""
        self.operations = [operation for operation in self.operations if operation.task != name]
        before, self._task = self._task, name
        try:
            yield
        finally:
            self._task = before

    def action(self, what: str, *, settings: int = 0) -> Operation:
        """Notes a command, a statement, a call or a file that was written.

        Args:
            settings: how many values were chosen in it.
        """
        return self._note("actions", what, settings)

    def patch(self, what: str) -> None:
        """Notes a thing that has to be brought up to date by you."""
        self._note("patch", what)

    def watch(self, what: str) -> None:
        """Notes a thing that has to be looked at by you."""
        self._note("watch", what)

    def client(self, service: str) -> Any:
        """A boto3 client whose calls are noted, including refused calls."""
        client = boto3.client(service)
        last: list[Operation] = []

        def note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            last[:] = [self.action(f"{service}: {model.name}", settings=values_in(params))]

        def judge(http_response: Any, **_: Any) -> None:
            if last and http_response.status_code >= 400:
                last[0].refused = True

        client.meta.events.register("before-parameter-build.*.*", note)
        client.meta.events.register("after-call.*.*", judge)
        return client

    def total(self, kind: Kind, task: str | None = None) -> int:
        """How many of a kind there are.

        Args:
            kind: a key of KINDS.
            task: only those for this task.
        """
        operations = [operation for operation in self.operations if task is None or operation.task == task]
        if kind == "settings":
            return sum(operation.settings for operation in operations)
        return sum(operation.kind == kind for operation in operations)

    def refused(self) -> list[str]:
        """The refused operations."""
        return [operation.what for operation in self.operations if operation.refused]

    def _note(self, kind: Kind, what: str, settings: int = 0) -> Operation:
        self.operations.append(Operation(self._task, kind, what, settings))
        return self.operations[-1]


def values_in(argument: object) -> int:
    """How many values the arguments of a call have, at any depth."""
    if isinstance(argument, Mapping):
        return sum(map(values_in, argument.values()))
    if isinstance(argument, list | tuple):
        return sum(map(values_in, argument))
    return 1
