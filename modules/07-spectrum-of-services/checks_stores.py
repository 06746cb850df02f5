"""Checks of module 07, tasks 7.2 and 7.3: the store on RDS and the store on DynamoDB, asked the same questions."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.learner_file import LearnerFile
from serverless_first.lab.show import say
from serverless_first.lab.store_errors import passes_all_on, passes_on
from serverless_first.lab.store_promises import (
    PACKERS,
    Asked,
    Meeting,
    keeps_the_promises,
    new_order,
    one_customer_wins,
    one_packer_wins,
)
from serverless_first.shop import hikari

TABLE = "orders_of_shop"
_METHODS = ("place", "get", "of_customer", "set_status")


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

    with contextlib.ExitStack() as resources:
        connections = [resources.enter_context(_connect(attempt, database, Watched)) for _ in range(PACKERS)]
        stores = [Asked(attempt, file, file.call("RdsOrders", connection), "RdsOrders") for connection in connections]
        resources.callback(_take_away, database, stores)
        keeps_the_promises(stores[0])
        say("7.2: two packers pack the same order at the same time ...")
        one_packer_wins(stores, meeting)
        one_customer_wins(stores, meeting)
        _hides_nothing(stores[0], connections[0])


def _hides_nothing(store: Asked, connection: Any) -> None:
    """A missing value, a database that can only be read, and a closed connection all reach the caller."""
    order = new_order(fresh_id("ann"), "21T12:00:00")
    passes_on(store, "of an order without a lamp", "place", order | {"lamp": None})
    store.place(order)
    passes_on(store, "with None as the new status", "set_status", order["order_id"], "open", None)
    connection.execute("SET default_transaction_read_only = on")
    passes_all_on(store, "while the database is read-only", ("place", "set_status"))
    connection.close()
    passes_all_on(store, "while the connection is closed")


def _connect(attempt: Attempt, database: hikari.Database, cursor: Any) -> Any:
    connection = database.connect(cursor_factory=cursor)
    if connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()[0] is None:
        connection.close()
        attempt.not_started(f"There is no table {TABLE}.", look_at="the cell that creates the database and the table")
    return connection


def _take_away(database: hikari.Database, stores: list[Asked]) -> None:
    ids = [order["order_id"] for store in stores for order in store.placed]
    with database.connect() as connection:
        connection.execute(sql.SQL("DELETE FROM {} WHERE order_id = ANY(%s)").format(sql.Identifier(TABLE)), [ids])


# ---- 7.3


_THROTTLED = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "Rate exceeded"}}


@dataclass
class Watch:
    """The calls to DynamoDB under way in this process: name, parameters and answer of each."""

    meeting: Meeting
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    throttles: bool = False

    @contextlib.contextmanager
    def __call__(self) -> Iterator[Watch]:
        from botocore.client import BaseClient

        real = BaseClient._make_api_call

        def watched(client: Any, name: str, params: dict[str, Any]) -> Any:
            on_dynamodb = client.meta.service_model.service_name == "dynamodb"
            if on_dynamodb and self.throttles:
                raise client.exceptions.ProvisionedThroughputExceededException(_THROTTLED, name)
            answer = real(client, name, params)
            if on_dynamodb:
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
            say("7.3: 60 orders from 20 customers; how much do your methods read? ...")
            _reads_little(attempt, stores[0], watch)
            _shares_out(attempt, client, name)
            say("7.3: two packers pack the same order at the same time ...")
            one_packer_wins(stores, meeting)
            one_customer_wins(stores, meeting)
            watch.throttles = True
            passes_all_on(stores[0], "while DynamoDB throttles", _METHODS)
            watch.throttles = False
            absent = file.call("DynamoOrders", attempt.client("dynamodb"), fresh_id("no-table"))
            passes_all_on(Asked(attempt, file, absent, "DynamoOrders"), "on a table that doesn't exist", _METHODS)
    finally:
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            client.delete_table(TableName=name)


def _table(attempt: Attempt, file: LearnerFile, client: Any, name: str) -> None:
    file.call("create_table", client, name)
    if name not in client.list_tables()["TableNames"]:
        attempt.fail(
            "create_table did not create a table with the given name.",
            called=f"create_table(client, {name!r})",
            came_back="no table with that name",
            expected="a table with that name",
            look_at="TableName in create_table",
        )


def _reads_little(attempt: Attempt, store: Asked, watch: Watch) -> None:
    customers = [fresh_id("cust") for _ in range(20)]
    for n in range(60):
        store.place(new_order(customers[n % 20], f"{1 + n // 20:02}T{n % 20:02}:30:00"))
    for n in range(8):
        store.place(new_order(customers[3], f"{10 + n}T12:30:00"))
    known = store.placed[-7]["order_id"]
    asks: dict[str, Callable[[], Any]] = {
        "of_customer": lambda: store.of_customer(customers[3], 2),
        "get": lambda: store.get(known),
        "place": lambda: store.place(new_order(customers[5], "28T12:30:00")),
        "set_status": lambda: store.set_status(known, "open", "packed"),
    }
    for what, ask in asks.items():
        before = len(watch.calls)
        ask()
        calls = watch.calls[before:]
        if problem := _waste(what, calls):
            attempt.fail(
                problem,
                called=f"{what}, with more than 60 orders in the table",
                came_back=[
                    f"{name}: read {a.get('ScannedCount', 1)}, returned {a.get('Count', 1)}" for name, _, a in calls
                ],
                expected="calls that read only the items that they return, and find them by a key",
                look_at=f"{what}: which keys of the table or an index answer this question?",
            )


def _waste(what: str, calls: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> str:
    """How one method's calls read more than they need; "" if they don't."""
    for name, parameters, _ in calls:
        if name == "Scan":
            return f"{what} scans. It reads and pays for the whole table to answer one question."
        if parameters.get("FilterExpression"):
            return f"{what} filters. DynamoDB first reads the items that the filter drops, and Hikari pays for them."
    if sum(int(answer.get("ScannedCount", 0)) for _, _, answer in calls) > 4:
        return f"{what} reads far more items than it returns, and throws the rest away."
    return ""


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
            f"A hot key: most orders have the same partition key in {what}, so one partition takes most of the load.",
            called=f"{len(items)} items, by {key}",
            came_back=f"{max(values.values())} of them have the same value",
            expected="a partition key that spreads the orders over many different values",
            look_at=f"KeySchema of {what}",
        )
