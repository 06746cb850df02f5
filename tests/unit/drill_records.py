"""Records of drills for tests: a sound shop, and what each wrong design leaves behind."""

from __future__ import annotations

import dataclasses
from typing import Any

from serverless_first.drill.plan import plan
from serverless_first.drill.record import (
    DatabaseUse,
    DeadLetter,
    FunctionUse,
    Look,
    Moment,
    OrderQueue,
    Point,
    Posted,
    Record,
    Sample,
)

ORDERS = 100
COPIES = {"once": 1, "retried": 2, "late": 3, "poison": 1}


def use(role: str, calls: int, longest_ms: float = 900.0, refused: int = 0) -> FunctionUse:
    """What the REPORT lines of a function say."""
    return FunctionUse(role, 256, 10.0, calls, 0, calls * 50.0, longest_ms, refused)


def sound(**changes: Any) -> Record:
    """A drill that a sound shop has passed. Args: changes: of the record's fields."""
    planned = plan(ORDERS, 7, "r1")
    posted = tuple(
        Posted(
            o.order_id,
            o.kind,
            (202,) * COPIES[o.kind],
            (20.0,) * COPIES[o.kind],
            COPIES[o.kind],
            int(o.kind == "late"),
        )
        for o in planned
    )
    good = [o.order_id for o in planned if o.kind != "poison"]
    ends = [(order_id, "cancelled" if n % 10 == 0 else "paid") for n, order_id in enumerate(good)]
    decisions = {"paid": "charged", "cancelled": "refused"}
    record = Record(
        orders=ORDERS,
        seed=7,
        faults=True,
        posted=posted,
        rows=tuple(sorted(ends)),
        projection=tuple(sorted(ends)),
        looks=(*(Look(order_id, 200, status) for order_id, status in sorted(ends)[::20]), Look("r1-poison", 404, "")),
        charges=tuple(sorted((order_id, decisions[status]) for order_id, status in ends)),
        dead_letters=(DeadLetter("r1-poison", 6),),
        left=(),
        waiting={"payments": 0, "changes": 0},
        executions={"SUCCEEDED": ORDERS},
        transitions=(3,) * 40,
        queue=OrderQueue(15.0, 6),
        database=DatabaseUse(7, 0, 6),
        functions=(use("Front", 115), use("Worker", 60, 4200.0), use("Ledger", 100), use("Provider", 15)),
        killed={"Worker": 12},
        posting_s=20.0,
        draining_s=15.0,
        moments=(Moment(0.1, "a migration locks the table orders"), Moment(4.0, "the table is free again")),
        samples=tuple(Sample(t / 2, t, 2 * t, t, 1, 5, 0) for t in range(20)),
        points=tuple(Point(float(t), role, 5.0, 0.0, 0.0, 2.0) for t in (0, 1, 5) for role in ("Front", "Worker")),
        failures=(),
    )
    return dataclasses.replace(record, **changes)


def ids(kind: str) -> list[str]:
    """The orders of one kind."""
    return [order.order_id for order in sound().posted if order.kind == kind]


def twice(order_ids: list[str], more: int = 1) -> tuple[tuple[str, str], ...]:
    """The rows, some of them once more or several times."""
    rows = list(sound().rows)
    return tuple(sorted(rows + [row for row in rows if row[0] in order_ids] * more))


def without(order_ids: list[str]) -> tuple[tuple[str, str], ...]:
    """The rows without some."""
    return tuple(row for row in sound().rows if row[0] not in order_ids)
