"""Checks of module 07, tasks 7.2 and 7.3: the store on RDS and the store on DynamoDB, asked the same questions."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from serverless_first import hikari
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.lab.show import say
from serverless_first.order_stores import FIELDS, Order, OrderExists

TABLE = "orders_of_shop"
PACKERS = 2
_WAIT_S = 4.0  # for the other packer to have read as well; a store that lets one wait for the other goes on after it


def _order(customer: str, moment: str, **fields: Any) -> Order:
    made_up = {"lamp": "Tsuki", "quantity": 2, "status": "open", "version": 1}
    return {"order_id": fresh_id("ord"), "customer": customer, "placed_at": f"2026-11-{moment}Z"} | made_up | fields


@dataclass
class Asked:
    """A learner's store, and each call of it as a message shall name it."""

    attempt: Attempt
    file: LearnerFile
    store: Any
    name: str
    placed: list[Order] = field(default_factory=list)

    def place(self, order: Order) -> None:
        self.placed.append(order)
        allowed = (OrderExists, psycopg.errors.SyntaxError)
        self.file.run(f"{self.name}.place({_short(order)})", self.store.place, dict(order), allowed=allowed)

    def get(self, order_id: str) -> Any:
        return self.file.run(f"{self.name}.get({order_id!r})", self.store.get, order_id)

    def of_customer(self, customer: str, *limit: int) -> Any:
        called = f"{self.name}.of_customer({', '.join(map(repr, (customer, *limit)))})"
        return self.file.run(called, self.store.of_customer, customer, *limit)

    def set_status(self, order_id: str, old: str, new: str) -> Any:
        called = f"{self.name}.set_status({order_id!r}, {old!r}, {new!r})"
        return self.file.run(called, self.store.set_status, order_id, old, new)

    def fail(self, problem: str, called: str, came_back: object, expected: str, look_at: str) -> None:
        self.attempt.fail(problem, called=called, came_back=came_back, expected=expected, look_at=look_at)


def _short(order: Order) -> str:
    return f"order {order['order_id']} of {order['customer']}"


def _same(found: Any, order: Order) -> bool:
    return isinstance(found, dict) and all(found.get(name) == order[name] for name in FIELDS)


def keeps_the_promises(asked: Asked) -> None:
    """Asks what the table in the lab says, with orders of the check's own."""
    ann, ben = fresh_id("ann"), fresh_id("ben")
    orders = [_order(ann, f"{day:02}T{hour:02}:00:00") for day, hour in ((3, 9), (1, 9), (3, 17), (2, 9))]
    odd = _order(f"{ben} O'Hara", "02T10:00:00", lamp="Tsuki; 'white' %s")
    for order in (*orders, odd):
        try:
            asked.place(order)
        except OrderExists:
            pass  # a wrong one, of a new id; what comes of it is told below
        except psycopg.errors.SyntaxError as error:
            asked.fail(
                "The statement breaks at an apostrophe: values of the order stand in its text.",
                f"place({_short(order)})",
                f"psycopg.errors.SyntaxError: {one_line(str(error))}",
                "an order, whatever its names are made of",
                "place: get, which was there, hands its value over beside the statement",
            )
        found = asked.get(order["order_id"])
        if not _same(found, order):
            asked.fail(
                "An order that was placed is not found as it was.",
                f"place({_short(order)}), then get",
                _shown(found),
                "the same order, with each of its seven fields",
                "place: which values you write; get: by what you look",
            )
    nobody = asked.get(fresh_id("ord"))
    if nobody is not None:
        asked.fail(
            "An unknown id gives something.", "get of an id that nobody has placed", _shown(nobody), "None", "get"
        )
    _lists(asked, ann, orders)
    _second(asked, orders[0], ben)
    _status(asked, orders[1])


def _shown(found: Any) -> object:
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else repr(found)


def _lists(asked: Asked, customer: str, orders: list[Order]) -> None:
    right = [order["order_id"] for order in sorted(orders, key=lambda o: str(o["placed_at"]), reverse=True)]
    for limit in ((), (2,)):
        found = asked.of_customer(customer, *limit)
        ids = [each.get("order_id") for each in found] if isinstance(found, list | tuple) else repr(found)
        wanted = right[: limit[0]] if limit else right
        if ids == wanted:
            continue
        if limit and ids == right[::-1][:2][::-1]:
            problem = "The limit is taken before the order: the customer sees the oldest orders, not the newest."
        elif ids == wanted[::-1] or ids == right[::-1][: len(wanted)]:
            problem = "The oldest order comes first."
        elif sorted(map(str, ids)) == sorted(wanted):
            problem = "The orders of a customer are not in the order of placed_at."
        elif len(ids) > len(wanted):
            problem = "More orders come back than were asked for."
        else:
            problem = "The list of a customer's orders is not right."
        asked.fail(
            problem,
            f"of_customer{(customer, *limit)}",
            ids,
            f"{len(wanted)} orders of that customer, the newest first",
            "of_customer: what puts them in order, and what limits them",
        )


def _second(asked: Asked, first: Order, other: str) -> None:
    impostor = first | {"customer": other, "placed_at": "2026-11-28T08:00:00Z", "lamp": "Kumo"}
    try:
        asked.place(impostor)
        refused = False
    except OrderExists:
        refused = True
    found = asked.get(first["order_id"])
    replaced = not _same(found, first)
    if refused and not replaced and not asked.of_customer(other):
        return
    if replaced:
        problem = "A second order with the same id replaces the first. Ann's order is gone."
    elif refused:
        problem = "The second order is refused, and the customer's list has it all the same."
    else:
        problem = "Two orders have one id. Nobody has told the shop."
    asked.fail(
        problem,
        f"place of a second order with the id {first['order_id']}, of another customer and another moment",
        "OrderExists" if refused else "no error",
        "OrderExists, and the first order as it was",
        "place: what makes an id unique in this store?",
    )


def _status(asked: Asked, order: Order) -> None:
    ghost = fresh_id("ord")
    answer = asked.set_status(ghost, "open", "packed")
    if answer is not False or asked.get(ghost) is not None:
        asked.fail(
            "A change of an order that does not exist makes something of it.",
            f"set_status({ghost!r}, 'open', 'packed'), an id that nobody has placed",
            f"{answer!r}; get gives {_shown(asked.get(ghost))}",
            "False, and still no such order",
            "set_status: what must hold before anything is written",
        )
    first = asked.set_status(order["order_id"], "open", "packed")
    second = asked.set_status(order["order_id"], "open", "cancelled")
    found = asked.get(order["order_id"])
    right = order | {"status": "packed", "version": 2}
    if first is True and second is False and _same(found, right):
        return
    state = found if isinstance(found, dict) else {}
    if state.get("status") == "cancelled":
        problem = "A packed order was cancelled by somebody who believed that it was still open."
    elif state.get("status") == "packed" and state.get("version") != 2:
        problem = "The version does not tell that the order has changed once."
    elif state.get("status") != "packed":
        problem = "The status was not changed."
    else:
        problem = "set_status does not say truly whether it has changed the order."
    asked.fail(
        problem,
        "set_status from open to packed, then from open to cancelled",
        f"{first!r}, then {second!r}; the order: status {state.get('status')}, version {state.get('version')}",
        "True, then False; status packed, version 2",
        "set_status: the condition, the version, and what you return",
    )


def one_packer_wins(stores: list[Asked], together: Meeting) -> None:
    """Two packers press the button; whoever reads the status first waits until the other has read it, too."""
    asked, order = stores[0], _order(fresh_id("ann"), "04T12:00:00")
    asked.place(order)
    with together(), ThreadPoolExecutor(PACKERS) as pool:
        answers = list(pool.map(lambda one: one.set_status(order["order_id"], "open", "packed"), stores))
    found = asked.get(order["order_id"]) or {}
    if answers.count(True) == 1 and answers.count(False) == 1 and found.get("version") == 2:
        return
    asked.fail(
        "Two packers have packed one order: both read that it was open, and both changed it.",
        f"set_status({order['order_id']!r}, 'open', 'packed') by two at the same moment",
        f"{answers}; version {found.get('version')}",
        "True for one of them, False for the other; version 2",
        "set_status: can the look and the change be one statement or one call?",
    )


class Meeting:
    """Lets those who have read wait for each other, once each, for a moment."""

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
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False


# ---- 7.2


@task("7.2")
def on_rds(attempt: Attempt) -> None:
    """The store on RDS keeps the promises, and two packers cannot pack one order."""
    database = attempt.database("shop-db")
    file = LearnerFile(attempt, "rds_orders.py")
    meeting = Meeting()

    class Watched(psycopg.Cursor[Any]):
        """Tells the meeting when a statement has read something."""

        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            done = super().execute(query, *arguments, **options)
            if str(query).strip().upper().startswith(("SELECT", "WITH")):
                meeting.has_read()
            return done

    with contextlib.ExitStack() as held:
        connections = [held.enter_context(_connect(attempt, database, Watched)) for _ in range(PACKERS)]
        stores = [Asked(attempt, file, file.call("RdsOrders", connection), "RdsOrders") for connection in connections]
        held.callback(_take_away, database, stores)
        keeps_the_promises(stores[0])
        say("7.2: two packers press the button at the same moment ...")
        one_packer_wins(stores, meeting)


def _connect(attempt: Attempt, database: hikari.Database, cursor: Any) -> Any:
    connection = database.connect(cursor_factory=cursor)
    if connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()[0] is None:
        connection.close()
        attempt.not_started(f"There is no table {TABLE}.", look_at="the cell that makes the database and the table")
    return connection


def _take_away(database: hikari.Database, stores: list[Asked]) -> None:
    ids = [order["order_id"] for asked in stores for order in asked.placed]
    with database.connect() as connection:
        connection.execute(sql.SQL("DELETE FROM {} WHERE order_id = ANY(%s)").format(sql.Identifier(TABLE)), [ids])


# ---- 7.3


@dataclass
class Watch:
    """The calls to DynamoDB under way in this process: name, parameters and answer of each."""

    meeting: Meeting
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[Watch]:
        from botocore.client import BaseClient

        real = BaseClient._make_api_call

        def watched(client: Any, name: str, params: dict[str, Any]) -> Any:
            answer = real(client, name, params)
            if client.meta.service_model.service_name == "dynamodb":
                self.calls.append((name, params, answer))
                if name in ("GetItem", "Query", "Scan"):
                    self.meeting.has_read()
            return answer

        BaseClient._make_api_call = watched
        try:
            yield self
        finally:
            BaseClient._make_api_call = real


@task("7.3")
def on_dynamodb(attempt: Attempt) -> None:
    """The store on DynamoDB keeps the promises by queries and conditions, and its keys share the load out."""
    client = attempt.client("dynamodb")
    file = LearnerFile(attempt, "dynamo_orders.py")
    name = fresh_id("check-orders")
    meeting = Meeting()
    try:
        with Watch(meeting)() as watch:
            _table(attempt, file, client, name)
            stores = [
                Asked(attempt, file, file.call("DynamoOrders", attempt.client("dynamodb"), name), "DynamoOrders")
                for _ in range(PACKERS)
            ]
            keeps_the_promises(stores[0])
            say("7.3: 60 orders of 20 customers; what do your questions read? ...")
            _reads_little(attempt, stores[0], watch)
            _shares_out(attempt, client, name)
            say("7.3: two packers press the button at the same moment ...")
            one_packer_wins(stores, meeting)
    finally:
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=name)


def _table(attempt: Attempt, file: LearnerFile, client: Any, name: str) -> None:
    file.call("create_table", client, name)
    if name not in client.list_tables()["TableNames"]:
        attempt.fail(
            "create_table does not create the table that it is asked for.",
            called=f"create_table(client, {name!r})",
            came_back="no such table",
            expected="a table of that name",
            look_at="TableName in create_table",
        )


def _reads_little(attempt: Attempt, asked: Asked, watch: Watch) -> None:
    customers = [fresh_id("cust") for _ in range(20)]
    for n in range(60):
        asked.place(_order(customers[n % 20], f"{1 + n // 20:02}T{n % 20:02}:30:00"))
    asks: dict[str, Callable[[], Any]] = {
        "of_customer": lambda: asked.of_customer(customers[3], 10),
        "get": lambda: asked.get(asked.placed[-7]["order_id"]),
    }
    for what, ask in asks.items():
        before = len(watch.calls)
        ask()
        calls = watch.calls[before:]
        if any(name in ("Scan", "ExecuteStatement") for name, _, _ in calls):
            problem = f"{what} scans: for one question it reads the whole table, and pays for it."
        elif sum(int(a.get("ScannedCount", 0)) for _, _, a in calls) > 12:
            problem = f"{what} reads far more items than it gives back, and throws the others away."
        else:
            continue
        attempt.fail(
            problem,
            called=f"{what}, with over 60 orders in the table",
            came_back=[f"{name}: read {a.get('ScannedCount', 1)}, given {a.get('Count', 1)}" for name, _, a in calls],
            expected="a Query or GetItem that reads what it gives",
            look_at=f"{what}: which keys of the table or of an index answer this question?",
        )


def _shares_out(attempt: Attempt, client: Any, name: str) -> None:
    table = client.describe_table(TableName=name)["Table"]
    items = client.scan(TableName=name)["Items"]
    for schema in (table, *table.get("GlobalSecondaryIndexes", [])):
        key = next(part["AttributeName"] for part in schema["KeySchema"] if part["KeyType"] == "HASH")
        values = Counter(str(item[key]) for item in items if key in item)
        if not values or max(values.values()) * 2 <= len(items):
            continue
        what = f"the index {schema['IndexName']}" if "IndexName" in schema else "the table"
        attempt.fail(
            f"A hot key: most orders have the same partition key in {what}, so one partition takes all the load.",
            called=f"{len(items)} items, by {key}",
            came_back=f"{max(values.values())} of them have the same value",
            expected="a partition key that many different values share out",
            look_at=f"KeySchema of {what}",
        )
