"""The record of a drill: everything that its score needs, as plain values that are saved as JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 2
#: How often an order that comes again late comes, in a row.
LATE_COPIES = 2


class RecordError(ValueError):
    """A file isn't a record of a drill, or comes from another version of the course."""


@dataclass(frozen=True)
class Posted:
    """An order as the clients posted it.

    Args:
        kind: "once"; "retried", the client posted it twice in a row; "late", it came twice more, together, after all
            environments of the worker had been killed; "poison".
        statuses: the HTTP status of each POST, tries included; 0 where there was no answer.
        took_ms: how long each answer took, in ms.
        copies: how many messages of it the queue has taken.
        rows_before: how many rows it had before it came again late.
    """

    order_id: str
    kind: str
    statuses: tuple[int, ...]
    took_ms: tuple[float, ...]
    copies: int
    rows_before: int

    @property
    def accepted(self) -> bool:
        """Whether the shop has promised to keep it: one answer was 202."""
        return 202 in self.statuses


@dataclass(frozen=True)
class Look:
    """A customer's view of an order at the end.

    Args:
        http_status: of GET /orders/{order_id}.
        status: of the order; empty if the answer has none.
    """

    order_id: str
    http_status: int
    status: str


@dataclass(frozen=True)
class DeadLetter:
    """A message in the dead-letter queue, or left in the queue of orders.

    Args:
        order_id: of its body; empty if it has none.
    """

    order_id: str
    receives: int


@dataclass(frozen=True)
class FunctionUse:
    """The sums of a function's REPORT lines.

    Args:
        role: the key of the stack's output, "Worker"; for others the function's name.
        memory_mb, timeout_s: its settings.
        crashed: how many of them ended by a timeout or with their environment.
        billed_ms: Billed Duration of all calls together, in ms.
        longest_ms: the greatest Duration, in ms.
        refused: how many lines of its log say that PostgreSQL had no connection for it.
    """

    role: str
    memory_mb: int
    timeout_s: float
    calls: int
    crashed: int
    billed_ms: float
    longest_ms: float
    refused: int


@dataclass(frozen=True)
class OrderQueue:
    """The queue of orders as it was set when the drill ended.

    Args:
        visibility_timeout_s: in seconds.
        max_receives: maxReceiveCount of its redrive policy; None if it has none.
    """

    visibility_timeout_s: float
    max_receives: int | None


@dataclass(frozen=True)
class DatabaseUse:
    """The connections to the database.

    Args:
        seats: how many connections the shop may have: max_connections minus the seats that PostgreSQL and RDS reserve.
        direct_most: the most connections at once that did not come through the proxy.
        proxied_most: the most that the proxy had.
    """

    seats: int
    direct_most: int
    proxied_most: int


@dataclass(frozen=True)
class Moment:
    """Something that the drill did. Args: time_s: since its begin, in seconds; what: "database restarted"."""

    time_s: float
    what: str


@dataclass(frozen=True)
class Sample:
    """The state of the shop at one moment.

    Args:
        time_s: since the drill's begin, in seconds.
        orders, payments, changes, dead: messages in the queues, visible or in flight.
        proxied, direct: connections of the database that came through the proxy, and others.
    """

    time_s: float
    orders: int
    payments: int
    changes: int
    dead: int
    proxied: int
    direct: int


@dataclass(frozen=True)
class Point:
    """CloudWatch's metrics of one function over time.

    Args:
        time_s: since the drill's begin, in seconds.
        role: of the function, as in `FunctionUse`.
        invocations, errors, throttles: Sums, a second. A drill of more than four minutes has one point for two
            seconds and more.
        concurrent: Maximum of ConcurrentExecutions.
    """

    time_s: float
    role: str
    invocations: float
    errors: float
    throttles: float
    concurrent: float


@dataclass(frozen=True)
class Record:
    """One drill of the shop.

    Args:
        orders, seed, faults: what `run` was asked for.
        posted: every order, the poison included.
        rows, projection: order id and status of each row of the table, and of each item of the projection.
        looks: what some customers saw at the end.
        charges: order id and decision of each charge that the provider has made or refused.
        dead_letters: what is in the dead-letter queue.
        left: what is left in the queue of orders.
        waiting: messages left in the other queues, by the key of their output.
        executions: how many executions of the workflow, by status.
        transitions: how many states were entered by each execution that was looked at.
        killed: how many environments the drill has killed, by the function's role.
        posting_s: how long the clients posted, in seconds.
        draining_s: from the last POST until the shop was quiet, in seconds.
        moments, samples, points: for the dashboard.
        failures: of some executions that failed, the error and the state.
    """

    orders: int
    seed: int
    faults: bool
    posted: tuple[Posted, ...]
    rows: tuple[tuple[str, str], ...]
    projection: tuple[tuple[str, str], ...]
    looks: tuple[Look, ...]
    charges: tuple[tuple[str, str], ...]
    dead_letters: tuple[DeadLetter, ...]
    left: tuple[DeadLetter, ...]
    waiting: dict[str, int]
    executions: dict[str, int]
    transitions: tuple[int, ...]
    queue: OrderQueue
    database: DatabaseUse
    functions: tuple[FunctionUse, ...]
    killed: dict[str, int]
    posting_s: float
    draining_s: float
    moments: tuple[Moment, ...]
    samples: tuple[Sample, ...]
    points: tuple[Point, ...]
    failures: tuple[str, ...]
    version: int = field(default=VERSION)

    def function(self, role: str) -> FunctionUse | None:
        """The sums of one function's REPORT lines, or None if there are no such lines."""
        return next((use for use in self.functions if use.role == role), None)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it as JSON; a folder that is not there is made.

        Returns:
            Where it is.
        """
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{json.dumps(name)}: {_text(value)}" for name, value in dataclasses.asdict(self).items()]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        return file

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Record:
        """Reads what `save` has written.

        Raises:
            FileNotFoundError: there is no such file.
            RecordError: it isn't a record of a drill, or comes from another version.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data["version"] != VERSION:
                raise RecordError(
                    f"{path} is a record of version {data['version']}, but this course reads version {VERSION}. Run "
                    "the drill again."
                )
            record: Record = _build(cls, data)
            return record
        except RecordError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RecordError(
                f"{path} is not a record of a drill ({type(error).__name__}: {error}). Name a file that "
                "record.save(...) has written."
            ) from error


def _text(value: Any) -> str:
    """JSON; a list has a line for each of its parts, so that two records can be compared."""
    if not isinstance(value, list | tuple) or not value:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(json.dumps(part) for part in value) + "\n]"


def _build(kind: Any, value: Any) -> Any:
    """A value of JSON as the type that a field has."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"{value!r} where {getattr(kind, '__name__', kind)} is expected")
        hints = typing.get_type_hints(kind)
        return kind(**{name: _build(hints[name], part) for name, part in value.items()})  # type: ignore[operator]
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} where a list is expected")
        kinds = [parts[0]] * len(value) if parts[1:] == (...,) else parts
        return tuple(_build(of, part) for of, part in zip(kinds, value, strict=True))
    if origin is dict:
        return {key: _build(parts[1], part) for key, part in value.items()}
    if origin is types.UnionType:
        return None if value is None else _build(parts[0], value)
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} where {kind.__name__} is expected")
    return value
