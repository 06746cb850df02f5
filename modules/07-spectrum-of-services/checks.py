"""Check of module 07, task 7.1: the learner's rules for an order store, run on stores that break one rule each."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.shop.order_stores import MemoryOrders, Order, OrderExists


class SlowToAnswer(MemoryOrders):
    """A correct store that returns an order's fields in a different sequence."""

    def get(self, order_id: str) -> Order | None:
        order = super().get(order_id)
        return dict(sorted(order.items())) if order else None


class TiesTheOtherWay(MemoryOrders):
    """A correct store that lists orders of the same moment in another sequence than MemoryOrders does."""

    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        own = [order for order in self.all() if order["customer"] == customer]
        return sorted(own, key=lambda order: str(order["placed_at"]))[::-1][:limit]


class Overwrites(MemoryOrders):
    def place(self, order: Order) -> None:
        self._orders[order["order_id"]] = dict(order)


class RaisesAnother(MemoryOrders):
    def place(self, order: Order) -> None:
        try:
            super().place(order)
        except OrderExists:
            raise ValueError(order["order_id"]) from None


class IgnoresTheSecond(MemoryOrders):
    def place(self, order: Order) -> None:
        try:
            super().place(order)
        except OrderExists:
            return


class RaisesAndOverwrites(MemoryOrders):
    def place(self, order: Order) -> None:
        there = order["order_id"] in self._orders
        self._orders[order["order_id"]] = dict(order)
        if there:
            raise OrderExists(order["order_id"])


class OldestFirst(MemoryOrders):
    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        return super().of_customer(customer, 10_000)[::-1][:limit]


class AsTheyWerePlaced(MemoryOrders):
    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        return [order for order in self.all() if order["customer"] == customer][::-1][:limit]


class NoLimit(MemoryOrders):
    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:  # noqa: ARG002
        return super().of_customer(customer, 10_000)


class Everybodys(MemoryOrders):
    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:  # noqa: ARG002
        return sorted(self.all(), key=lambda order: str(order["placed_at"]), reverse=True)[:limit]


class LimitsTooSoon(MemoryOrders):
    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        oldest = super().of_customer(customer, 10_000)[::-1][:limit]
        return oldest[::-1]


class ChangesAnyStatus(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:  # noqa: ARG002
        order = self._orders.get(order_id)
        return order is not None and super().set_status(order_id, order["status"], new)


class SaysNoAndChanges(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:
        order = self._orders[order_id]
        super().set_status(order_id, order["status"], new)
        return bool(order["status"] == old)


class AlwaysSaysYes(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:
        super().set_status(order_id, old, new)
        return True


class AlwaysSaysNo(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:
        super().set_status(order_id, old, new)
        return False


class CountsRefusals(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:
        done = super().set_status(order_id, old, new)
        if not done and order_id in self._orders:
            self._orders[order_id]["version"] += 1
        return done


class NeverChanges(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:  # noqa: ARG002
        order = self._orders.get(order_id)
        return order is not None and order["status"] == old


class KeepsTheVersion(MemoryOrders):
    def set_status(self, order_id: str, old: str, new: str) -> bool:
        done = super().set_status(order_id, old, new)
        if done:
            self._orders[order_id]["version"] -= 1
        return done


class ForgetsTheLamp(MemoryOrders):
    def place(self, order: Order) -> None:
        super().place(order | {"lamp": ""})


class MissesLoudly(MemoryOrders):
    def get(self, order_id: str) -> Order | None:
        return dict(self._orders[order_id])


_PLACE, _LIST = "the rule about a second order", "the rule about a customer's list"
_STATUS = "the rule about the status"
_GIVEN = "the first rule, which the task gave you. Put it back"
#: A store that breaks one rule, its fault in words, and the place to look at.
BROKEN: tuple[tuple[Callable[[], Any], str, str], ...] = (
    (ForgetsTheLamp, "loses a field of an order", _GIVEN),
    (MissesLoudly, "raises an error for an unknown id", _GIVEN),
    (Overwrites, "replaces an order when a second order has the same id", _PLACE),
    (IgnoresTheSecond, "does not report that an id already exists", _PLACE),
    (RaisesAnother, "refuses a second order, but raises an error other than OrderExists", _PLACE),
    (RaisesAndOverwrites, "raises OrderExists, but still replaces the first order", _PLACE),
    (Everybodys, "also lists other customers' orders", _LIST),
    (OldestFirst, "lists a customer's oldest order first", _LIST),
    (AsTheyWerePlaced, "lists orders in the order in which they were placed, instead of by placed_at", _LIST),
    (NoLimit, "returns more orders than the limit", _LIST),
    (LimitsTooSoon, "returns the oldest orders up to the limit, the newest of them first", _LIST),
    (NeverChanges, "does not change the status", _STATUS),
    (ChangesAnyStatus, "changes the status without comparing it with the old status", _STATUS),
    (SaysNoAndChanges, "returns False, but still changes the status", _STATUS),
    (AlwaysSaysYes, "returns True although nothing changed", _STATUS),
    (AlwaysSaysNo, "changes the status, but returns False", _STATUS),
    (KeepsTheVersion, "changes an order without changing its version", _STATUS),
    (CountsRefusals, "increments the version although it returns False", _STATUS),
)


@task("7.1")
def contract(attempt: Attempt) -> None:
    """Checks that the rules accept correct stores, and catch each store that breaks a rule."""
    file = LearnerFile(attempt, "contract.py")
    rules = file["check_store"]
    for right in (MemoryOrders, SlowToAnswer, TiesTheOtherWay):
        try:
            file.run("check_store(...)", rules, right(), allowed=(AssertionError,))
        except AssertionError as error:
            attempt.fail(
                "Your rules reject a correct store.",
                called="check_store with a store that keeps every promise in the table",
                came_back=f"AssertionError {one_line(str(error))}".strip() + _line_of(error),
                expected="no error",
                look_at="the rule in that line. Does the lab's table promise this?",
            )
    for broken, does, look_at in BROKEN:
        attempt.expect(
            _is_caught(file, rules, broken()),
            problem=f"Your rules accept a store that {does}.",
            called=f"check_store with a store that {does}",
            came_back="no error",
            expected="an AssertionError",
            look_at=look_at,
        )


def _line_of(error: BaseException) -> str:
    """The line of the learner's file that raised the error, for a message; "" if none did."""
    linecache.checkcache()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith("contract.py"):
            return f", raised in line {frame.lineno} of contract.py: {frame.line}"
    return ""


def _is_caught(file: LearnerFile, rules: Any, store: Any) -> bool:
    # Any error would fail a test, so any error will do. The error of pytest.raises isn't an Exception.
    def body() -> bool:
        try:
            rules(store)
        except NotImplementedError:
            raise
        except BaseException:
            return True
        return False

    return bool(file.run("check_store(...)", body))
