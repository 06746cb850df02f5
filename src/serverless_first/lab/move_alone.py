"""Checks `Both`, `backfill` and `differences` of task 7.4 one by one, on small stores in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from serverless_first.lab import Attempt
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.shop.order_stores import MemoryOrders, Order, OrderExists


def _order() -> Order:
    made_up = {"placed_at": "2026-11-05T12:00:00Z", "lamp": "Tsuki", "quantity": 1, "status": "open", "version": 1}
    return {"order_id": fresh_id("ord"), "customer": fresh_id("cust")} | made_up


def _summary(order: Order | None) -> str:
    return f"status {order['status']}, version {order['version']}" if order else "no such order"


# ---- differences


def compares(attempt: Attempt, file: LearnerFile) -> None:
    """Checks that `differences` gives the whole orders that differ, and no others."""
    old, new = MemoryOrders(), MemoryOrders()
    same, missing, older, newer = (_order() for _ in range(4))
    packed = older | {"version": 2, "status": "packed"}
    for order in (same, missing, packed, newer):
        old.put(order)
    for order in (same, older, newer | {"version": 2, "status": "packed"}):
        new.put(order)
    orders = file.run("differences(old, new)", lambda: list(file["differences"](old, new) or []))
    if len(orders) == 2 and missing in orders and packed in orders:
        return
    names = {
        same["order_id"]: "equal",
        missing["order_id"]: "missing",
        older["order_id"]: "older in the new store",
        newer["order_id"]: "newer in the new store",
    }
    ids = [item["order_id"] if isinstance(item, dict) else item for item in orders]
    words = sorted(names.get(str(order_id), str(order_id)) for order_id in ids)
    whole = all(isinstance(item, dict) for item in orders)
    attempt.fail(
        "differences does not find the orders that differ." if whole else "differences does not return orders.",
        called="differences with four orders: equal, missing, older and newer in the new store",
        came_back=(", ".join(words) or "nothing") + ("" if whole else f", each as {type(orders[0]).__name__}"),
        expected="the whole orders that the new store lacks, or has in an older version",
        look_at="the comparison in differences, and its result",
    )


# ---- Both


class Busy(MemoryOrders):
    """The old store. Once, another packer changes an order right after one of its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.then: dict[str, Callable[[], None]] = {}

    def _now(self, call: str) -> None:
        if call in self.then:
            self.then.pop(call)()

    def place(self, order: Order) -> None:
        super().place(order)
        self._now("place")

    def set_status(self, order_id: str, old: str, new: str) -> bool:
        done = super().set_status(order_id, old, new)
        if done and "get after" in self.then:
            self.then["get"] = self.then.pop("get after")
        return done

    def get(self, order_id: str) -> Order | None:
        order = super().get(order_id)
        self._now("get")
        return order


class Watched(MemoryOrders):
    """The new store. Once, another packer changes an order right after somebody has looked it up here."""

    def __init__(self) -> None:
        super().__init__()
        self.then: dict[str, Callable[[], None]] = {}

    def get(self, order_id: str) -> Order | None:
        order = super().get(order_id)
        if order_id in self.then:
            self.then.pop(order_id)()
        return order


@dataclass
class _Move:
    """The learner's `Both` on two stores."""

    attempt: Attempt
    file: LearnerFile
    old: Any  # Busy or Changing
    new: Watched

    def same(self, order_id: str, called: str, look_at: str) -> None:
        """Fails the check unless the new store holds what the old one holds."""
        right, copy = MemoryOrders.get(self.old, order_id), MemoryOrders.get(self.new, order_id)
        if copy == right:
            return
        newer = copy and right and copy["version"] < right["version"]
        self.attempt.fail(
            "Both leaves an older copy in the new store." if newer else "Both does not copy to the new store.",
            called=called,
            came_back=f"the new store: {_summary(copy)}",
            expected=f"what the old store holds: {_summary(right)}",
            look_at=look_at,
        )

    def packer(self, order_id: str, status: str, new_status: str) -> Callable[[], None]:
        """Another packer, who changes an order in both stores."""

        def packs() -> None:
            MemoryOrders.set_status(self.old, order_id, status, new_status)
            self.new.put_if_newer(MemoryOrders.get(self.old, order_id) or {})

        return packs


def writes_to_both(attempt: Attempt, file: LearnerFile) -> None:
    """Checks that the new store has at once what `Both` writes, and that no older copy overwrites a newer one."""
    move = _Move(attempt, file, Busy(), Watched())
    both = file.call("Both", move.old, move.new)
    _writes(move, both)
    _writes_while_others_do(move, both)


def _writes(move: _Move, both: Any) -> None:
    first, known = _order(), _order()
    move.file.run("Both.place(order)", both.place, dict(first))
    move.same(first["order_id"], "Both.place(order), before any other copying", "Both.place")
    with contextlib.suppress(OrderExists):
        move.file.run("Both.place(order)", both.place, first | {"lamp": "Kumo"}, allowed=(OrderExists,))
    move.same(
        first["order_id"],
        "Both.place of a second order with the same id",
        "Both.place: who decides?",
    )
    MemoryOrders.place(move.old, known)  # was there before the move, and is not copied yet
    for status, success in (("packed", True), ("cancelled", False)):
        answer = move.file.run("Both.set_status(...)", both.set_status, known["order_id"], "open", status)
        called = f"Both.set_status(order_id, 'open', {status!r})"
        move.attempt.expect(
            bool(answer) is success,
            problem="Both.set_status does not return the old store's answer.",
            called=called,
            came_back=repr(answer),
            expected=repr(success),
            look_at="the result of Both.set_status",
        )
        called += " of an order that the backfill has not copied yet"
        move.same(known["order_id"], called, "Both.set_status: what does the new store get?")


def _writes_while_others_do(move: _Move, both: Any) -> None:
    raced, late = _order(), _order()
    move.old.then["place"] = move.packer(raced["order_id"], "open", "packed")
    move.file.run("Both.place(order)", both.place, dict(raced))
    move.same(
        raced["order_id"],
        "Both.place(order), and a packer changes it between the two writes",
        "Both.place: which copy wins when two arrive?",
    )
    MemoryOrders.place(move.old, late)
    move.old.then["get after"] = move.packer(late["order_id"], "packed", "sent")
    move.file.run("Both.set_status(...)", both.set_status, late["order_id"], "open", "packed")
    move.old.then.clear()
    if "sent" in str(move.old.get(late["order_id"])):
        move.same(
            late["order_id"],
            "Both.set_status(...), and another packer changes the order between the two writes",
            "Both.set_status: which copy wins when two arrive?",
        )
    _writes_after_a_look(move, both)


def _writes_after_a_look(move: _Move, both: Any) -> None:
    """Another packer comes after `Both` has looked into the new store, if it looks, and before it writes there."""
    look_at = "{}: can the new store compare the versions and write in one call?"
    raced, late = _order(), _order()
    move.new.then[raced["order_id"]] = move.packer(raced["order_id"], "open", "packed")
    move.file.run("Both.place(order)", both.place, dict(raced))
    called = "Both.place(order), and a packer changes it after your code has looked into the new store"
    move.same(raced["order_id"], called, look_at.format("Both.place"))
    MemoryOrders.place(move.old, late)
    move.new.then[late["order_id"]] = move.packer(late["order_id"], "packed", "sent")
    move.file.run("Both.set_status(...)", both.set_status, late["order_id"], "open", "packed")
    called = "Both.set_status(...), and another packer comes after your code has looked into the new store"
    move.same(late["order_id"], called, look_at.format("Both.set_status"))
    move.new.then.clear()


# ---- backfill


class Changing(MemoryOrders):
    """The old store. An order changes after it has been read and before it is handed out."""

    def __init__(self, new: MemoryOrders) -> None:
        super().__init__()
        self._new, self._changed = new, False

    def all(self) -> Iterator[Order]:
        for number, order in enumerate(list(super().all())):
            if number == 2 and not self._changed:
                self._changed = True
                self.set_status(order["order_id"], "open", "packed")
                self._new.put_if_newer(self.get(order["order_id"]) or {})
            yield order


def fills_up(attempt: Attempt, file: LearnerFile) -> None:
    """Checks that `backfill` copies every order, and overwrites no change that came meanwhile."""
    new = Watched()
    old = Changing(new)
    orders = [_order() for _ in range(5)]
    for order in orders:
        old.place(order)
    looked = orders[4]["order_id"]
    new.then[looked] = _Move(attempt, file, old, new).packer(looked, "open", "packed")
    file.call("backfill", old, new)
    right = {order["order_id"]: order for order in MemoryOrders.all(old)}
    copies = {order["order_id"]: order for order in new.all()}
    if copies == right:
        return
    older = [key for key, order in copies.items() if order["version"] < right[key]["version"]]
    after = "your code has looked into the new store" if looked in older else "it is read"
    attempt.fail(
        "The backfill has overwritten a newer order with an older copy."
        if older
        else "The backfill has not copied every order.",
        called=f"backfill(old, new) with five orders; one is changed, in both stores, after {after}",
        came_back=_summary(copies[older[0]]) if older else f"{len(copies)} orders in the new store",
        expected="status packed, version 2" if older else "5 orders",
        look_at="backfill: which copy wins when two arrive?" if older else "backfill: does it copy every order?",
    )
