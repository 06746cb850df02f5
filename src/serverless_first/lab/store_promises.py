"""Checks everything that an order store must do, on a learner's store. Module 07's checks use this module."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg

from serverless_first.lab import Attempt
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.shop.order_stores import FIELDS, Order, OrderExists

PACKERS = 2
_CANCELED = "cancelled"  # the status, as the lab spells it
# How long to wait until the other packer has read. This never happens if the store makes that packer wait.
_WAIT_S = 4.0


def new_order(customer: str, moment: str, **fields: Any) -> Order:
    made_up = {"lamp": "Tsuki", "quantity": 2, "status": "open", "version": 1}
    return {"order_id": fresh_id("ord"), "customer": customer, "placed_at": f"2026-11-{moment}Z"} | made_up | fields


@dataclass
class Asked:
    """A learner's store, with each call's text for the messages."""

    attempt: Attempt
    file: LearnerFile
    store: Any
    name: str
    placed: list[Order] = field(default_factory=list)

    def place(self, order: Order) -> None:
        self.placed.append(order)
        allowed = (OrderExists, psycopg.errors.SyntaxError, psycopg.errors.UniqueViolation)
        self.file.run(f"{self.name}.place({_short(order)})", self.store.place, dict(order), allowed=allowed)

    def get(self, order_id: str) -> Any:
        return self.file.run(f"{self.name}.get({order_id!r})", self.store.get, order_id)

    def of_customer(self, customer: str, *limit: int) -> Any:
        called = f"{self.name}.of_customer({', '.join(map(repr, (customer, *limit)))})"
        with self._quoted(called):
            return self.file.run(
                called, self.store.of_customer, customer, *limit, allowed=(psycopg.errors.SyntaxError,)
            )

    def set_status(self, order_id: str, old: str, new: str) -> Any:
        called = f"{self.name}.set_status({order_id!r}, {old!r}, {new!r})"
        with self._quoted(called):
            return self.file.run(
                called, self.store.set_status, order_id, old, new, allowed=(psycopg.errors.SyntaxError,)
            )

    @contextlib.contextmanager
    def _quoted(self, called: str) -> Iterator[None]:
        try:
            yield
        except psycopg.errors.SyntaxError as error:
            self.fail(
                "The statement breaks at an apostrophe, because the values are part of its text.",
                called,
                f"psycopg.errors.SyntaxError: {one_line(str(error))}",
                "a result, whatever the values contain",
                "get, which the lab gives you. It passes its value separately from the statement",
            )

    def fail(self, problem: str, called: str, came_back: object, expected: str, look_at: str) -> None:
        self.attempt.fail(problem, called=called, came_back=came_back, expected=expected, look_at=look_at)


def _short(order: Order) -> str:
    return f"order {order['order_id']} of {order['customer']}"


def _same(answer: Any, order: Order) -> bool:
    return isinstance(answer, dict) and all(answer.get(name) == order[name] for name in FIELDS)


def keeps_the_promises(store: Asked) -> None:
    """Checks everything that the lab's table promises, with the check's own orders."""
    ann, ben = fresh_id("ann"), fresh_id("ben")
    orders = [new_order(ann, f"{day:02}T{hour:02}:00:00") for day, hour in ((3, 9), (1, 9), (3, 17), (2, 9))]
    odd = new_order(f"{ben} O'Hara", "02T10:00:00", lamp="Tsuki; 'white' %s")
    for order in (*orders, odd):
        try:
            store.place(order)
        except OrderExists:
            pass  # wrong for a new id; the calls below find the consequences
        except psycopg.errors.UniqueViolation as error:
            store.fail(
                "A new order is refused.",
                f"place({_short(order)}), with a new id",
                f"psycopg.errors.UniqueViolation: {one_line(str(error))}",
                "no error",
                "place: which values you write",
            )
        except psycopg.errors.SyntaxError as error:
            store.fail(
                "The statement breaks at an apostrophe, because the order's values are part of its text.",
                f"place({_short(order)})",
                f"psycopg.errors.SyntaxError: {one_line(str(error))}",
                "an order, whatever its values contain",
                "place, and get, which the lab gives you. It passes its value separately from the statement",
            )
        answer = store.get(order["order_id"])
        if not _same(answer, order):
            store.fail(
                "get does not return an order as it was placed.",
                f"place({_short(order)}), then get",
                _plain(answer),
                "the same order, with all seven fields",
                "place: which values you write; get: which key you look up",
            )
    nobody = store.get(fresh_id("ord"))
    if nobody is not None:
        store.fail("An unknown id returns an order.", "get with an id that no order has", _plain(nobody), "None", "get")
    _lists(store, ann, orders)
    _lists(store, odd["customer"], [odd])
    store.set_status(odd["order_id"], "open", "at Ann's door")
    _second(store, orders[0], ben)
    _status(store, orders[1])


def _plain(order: Any) -> object:
    return {name: str(value) for name, value in order.items()} if isinstance(order, dict) else repr(order)


def _lists(store: Asked, customer: str, orders: list[Order]) -> None:
    right = [order["order_id"] for order in sorted(orders, key=lambda o: str(o["placed_at"]), reverse=True)]
    for limit in ((), (2,)):
        answer = store.of_customer(customer, *limit)
        if not isinstance(answer, list | tuple) or not all(isinstance(order, dict) for order in answer):
            store.fail(
                "of_customer does not return a list of orders.",
                f"of_customer{(customer, *limit)}",
                f"{type(answer).__name__} of {type(answer[0]).__name__}"
                if isinstance(answer, list | tuple)
                else type(answer).__name__,
                "a list in which each order is a dict, as get returns it",
                "the result of of_customer",
            )
        ids = [order.get("order_id") for order in answer]
        expected = right[: limit[0]] if limit else right
        by_id = {order["order_id"]: order for order in orders}
        if ids == expected and all(_same(order, by_id[order["order_id"]]) for order in answer):
            continue
        if ids == expected:
            store.fail(
                "The orders in the list are not complete.",
                f"of_customer{(customer, *limit)}",
                _plain(answer[0]),
                "each order with all seven fields",
                "of_customer: which fields does the query return?",
            )
        if limit and ids == right[::-1][:2][::-1]:
            problem = "The limit is applied before sorting, so the customer sees the oldest orders, not the newest."
        elif ids == expected[::-1] or ids == right[::-1][: len(expected)]:
            problem = "The oldest order comes first."
        elif sorted(map(str, ids)) == sorted(expected):
            problem = "A customer's orders are not sorted by placed_at."
        elif len(ids) > len(expected):
            problem = "More orders came back than the limit allows."
        else:
            problem = "The list of a customer's orders is wrong."
        store.fail(
            problem,
            f"of_customer{(customer, *limit)}",
            ids,
            f"{len(expected)} of that customer's orders, newest first",
            "the sorting and the limit in of_customer",
        )


def _second(store: Asked, first: Order, other: str) -> None:
    impostor = first | {"customer": other, "placed_at": "2026-11-28T08:00:00Z", "lamp": "Kumo"}
    refused, answer = False, "no error"
    try:
        store.place(impostor)
    except OrderExists:
        refused, answer = True, "OrderExists"
    except psycopg.errors.UniqueViolation:
        answer = "psycopg.errors.UniqueViolation"
    current_order = store.get(first["order_id"])
    replaced = not _same(current_order, first)
    if refused and not replaced and not store.of_customer(other):
        _the_same(store, first)
        return
    if replaced:
        problem = "A second order with the same id replaces the first. Ann's order is gone."
    elif answer.startswith("psycopg"):
        problem = "The database refused the second order, and the shop gets the database's error."
    elif refused:
        problem = "The second order was refused, but it is in the customer's list."
    else:
        problem = "Two orders have the same id, and the shop was not told."
    store.fail(
        problem,
        f"place of a second order with the id {first['order_id']}, from another customer at another time",
        answer,
        "OrderExists, and the first order unchanged",
        "place: what makes an id unique in this store?",
    )


def _the_same(store: Asked, first: Order) -> None:
    try:
        store.place(first)
    except OrderExists:
        return
    store.fail(
        "The shop was not told that the order's id is taken, because the second order equals the first.",
        f"place of the order {first['order_id']} a second time, with the same values",
        "no error",
        "OrderExists, and the first order unchanged",
        "place: when is an order a second order?",
    )


def _status(store: Asked, order: Order) -> None:
    ghost = fresh_id("ord")
    answer = store.set_status(ghost, "open", "packed")
    if answer is not False or store.get(ghost) is not None:
        store.fail(
            "A change to an order that does not exist creates something.",
            f"set_status({ghost!r}, 'open', 'packed'), an id that no order has",
            f"{answer!r}; get returns {_plain(store.get(ghost))}",
            "False, and still no such order",
            "the condition that must hold before set_status writes anything",
        )
    first = store.set_status(order["order_id"], "open", "packed")
    second = store.set_status(order["order_id"], "open", _CANCELED)
    changed_order = store.get(order["order_id"])
    right = order | {"status": "packed", "version": 2}
    if first is True and second is False and _same(changed_order, right):
        return
    state = changed_order if isinstance(changed_order, dict) else {}
    if state.get("status") == _CANCELED:
        problem = "A packed order was canceled, although the caller expected an open order."
    elif state.get("status") == "packed" and state.get("version") != 2:
        problem = "The version does not show that the order has changed once."
    elif state.get("status") != "packed":
        problem = "The status was not changed."
    else:
        problem = "set_status does not report correctly whether it changed the order."
    store.fail(
        problem,
        f"set_status from open to packed, then from open to {_CANCELED}",
        f"{first!r}, then {second!r}; the order: status {state.get('status')}, version {state.get('version')}",
        "True, then False; status packed, version 2",
        "set_status: the condition, the version, and what you return",
    )


def one_packer_wins(stores: list[Asked], together: Meeting) -> None:
    """Two packers pack an order. The first packer to read the status waits until the other packer has also read it."""
    store, order = stores[0], new_order(fresh_id("ann"), "04T12:00:00")
    store.place(order)
    with together(), ThreadPoolExecutor(PACKERS) as pool:
        answers = list(pool.map(lambda one: one.set_status(order["order_id"], "open", "packed"), stores))
    packed_order = store.get(order["order_id"]) or {}
    if answers.count(True) == 1 and answers.count(False) == 1 and packed_order.get("version") == 2:
        return
    store.fail(
        "Two packers have packed the same order. Both read that it was open, and both changed it.",
        f"set_status({order['order_id']!r}, 'open', 'packed') by two packers at the same time",
        f"{answers}; version {packed_order.get('version')}",
        "True for one of them, False for the other; version 2",
        "set_status: can you read and change in one statement or one call?",
    )


def one_customer_wins(stores: list[Asked], together: Meeting) -> None:
    """Two customers place orders with the same id. The first call that looks waits until the other has also looked."""
    orders = [new_order(fresh_id(name), "04T13:00:00") for name in ("ann", "ben")]
    orders[1]["order_id"] = orders[0]["order_id"]

    def place(store: Asked, order: Order) -> str:
        try:
            store.place(order)
        except (OrderExists, psycopg.errors.UniqueViolation) as error:
            return type(error).__name__
        return "no error"

    with together(), ThreadPoolExecutor(PACKERS) as pool:
        answers = sorted(pool.map(place, stores, orders))
    if answers == ["OrderExists", "no error"]:
        return
    stores[0].fail(
        "Two customers have placed orders with the same id at the same time. Both calls looked, and neither found an "
        "order.",
        f"place for two orders with the id {orders[0]['order_id']} at the same time",
        ", ".join(answers),
        "no error for one of them, OrderExists for the other",
        "place: can you look and write in one statement or one call?",
    )


class Meeting:
    """Makes each of two threads wait, after its first read, until the other thread has also read."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(PACKERS)
        self._came: set[int] = set()
        self.is_on = False

    def has_read(self) -> None:
        me = threading.get_ident()
        if self.is_on and me not in self._came:
            self._came.add(me)
            with contextlib.suppress(threading.BrokenBarrierError):
                self._barrier.wait(_WAIT_S)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self._barrier.reset()
        self._came.clear()
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False
