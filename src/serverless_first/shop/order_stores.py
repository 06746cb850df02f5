"""Hikari's orders behind one interface: in memory, in PostgreSQL, in DynamoDB. Lab 07 moves from one to the other.

An order is a dict with the fields of FIELDS. Its `version` is 1 when it is placed, and one more after each change: so
of two copies one can tell which is the newer. The three stores agree in what they do, not in how.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

Order = dict[str, Any]
FIELDS = ("order_id", "customer", "placed_at", "lamp", "quantity", "status", "version")
LAMPS = ("Tsuki", "Hoshi", "Kumo", "Yuki")
_BY_CUSTOMER = "by-customer"
_NUMBERS = ("quantity", "version")
_REPLACE = "ON CONFLICT (order_id) DO UPDATE SET " + ", ".join(f"{field} = EXCLUDED.{field}" for field in FIELDS)


class OrderExists(Exception):
    """There is an order with this id already; it stays as it is."""


class MemoryOrders:
    """Orders in a dict of this process, gone with it. Every store has these methods."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._one_at_a_time = threading.RLock()

    def place(self, order: Order) -> None:
        """Keeps a new order.

        Raises:
            OrderExists: there is one with its id.
        """
        with self._one_at_a_time:
            if order["order_id"] in self._orders:
                raise OrderExists(order["order_id"])
            self._orders[order["order_id"]] = dict(order)

    def get(self, order_id: str) -> Order | None:
        """The order with this id, or None."""
        order = self._orders.get(order_id)
        return dict(order) if order else None

    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        """A customer's orders, the newest first, at most `limit`."""
        own = [dict(order) for order in self.all() if order["customer"] == customer]
        return sorted(own, key=lambda order: str(order["placed_at"]), reverse=True)[:limit]

    def set_status(self, order_id: str, old: str, new: str) -> bool:
        """Changes the status if it still is `old`, and raises the version by one; whether it did."""
        with self._one_at_a_time:
            order = self._orders.get(order_id)
            if order is None or order["status"] != old:
                return False
            self._orders[order_id] = order | {"status": new, "version": order["version"] + 1}
            return True

    def put(self, order: Order) -> None:
        """Keeps a copy of an order, whatever was there."""
        self._orders[order["order_id"]] = dict(order)

    def put_if_newer(self, order: Order) -> bool:
        """Keeps a copy of an order unless the store has this version or a newer one; whether it did."""
        with self._one_at_a_time:
            here = self._orders.get(order["order_id"])
            if here is not None and here["version"] >= order["version"]:
                return False
            self._orders[order["order_id"]] = dict(order)
            return True

    def all(self) -> Iterator[Order]:
        """Every order, in no order."""
        yield from [dict(order) for order in self._orders.values()]


class PostgresOrders:
    """Orders in a table of PostgreSQL.

    Args:
        connection: of psycopg, with autocommit; several threads may share it.
        table: its name.
    """

    def __init__(self, connection: Any, table: str = "shop_orders") -> None:
        self._connection, self._table = connection, table

    def create(self) -> None:
        """Makes the table again, empty, with an index for each question."""
        self._connection.execute(
            f"""DROP TABLE IF EXISTS {self._table};
                CREATE TABLE {self._table} (
                    order_id text PRIMARY KEY, customer text NOT NULL, placed_at text NOT NULL, lamp text NOT NULL,
                    quantity int NOT NULL, status text NOT NULL, version int NOT NULL
                );
                CREATE INDEX ON {self._table} (customer, placed_at DESC)"""
        )

    def place(self, order: Order) -> None:
        if not self._insert(order, "ON CONFLICT DO NOTHING"):
            raise OrderExists(order["order_id"])

    def get(self, order_id: str) -> Order | None:
        orders = self._select("WHERE order_id = %s", [order_id])
        return orders[0] if orders else None

    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        return self._select("WHERE customer = %s ORDER BY placed_at DESC LIMIT %s", [customer, limit])

    def set_status(self, order_id: str, old: str, new: str) -> bool:
        changed = self._connection.execute(
            f"UPDATE {self._table} SET status = %s, version = version + 1 WHERE order_id = %s AND status = %s",
            [new, order_id, old],
        )
        return bool(changed.rowcount)

    def put(self, order: Order) -> None:
        self._insert(order, _REPLACE)

    def put_if_newer(self, order: Order) -> bool:
        return self._insert(order, f"{_REPLACE} WHERE {self._table}.version < EXCLUDED.version")

    def all(self) -> Iterator[Order]:
        yield from self._select("", [])

    def _insert(self, order: Order, on_conflict: str) -> bool:
        places = ", ".join(["%s"] * len(FIELDS))
        done = self._connection.execute(
            f"INSERT INTO {self._table} ({', '.join(FIELDS)}) VALUES ({places}) {on_conflict}",
            [order[field] for field in FIELDS],
        )
        return bool(done.rowcount)

    def _select(self, condition: str, values: Sequence[Any]) -> list[Order]:
        rows = self._connection.execute(f"SELECT {', '.join(FIELDS)} FROM {self._table} {condition}", values)
        return [dict(zip(FIELDS, row, strict=True)) for row in rows.fetchall()]


class DynamoOrders:
    """Orders in a table of DynamoDB. Its key is the id, so that a condition can say that an id is new.

    A global secondary index holds each customer's orders by their moment. On AWS it follows the table with a short
    delay, so a customer may not see an order of the last moment there.

    Args:
        client: of boto3, for "dynamodb"; several threads may share it.
        table: its name.
    """

    def __init__(self, client: Any, table: str = "shop-orders") -> None:
        self._client, self._table = client, table

    def create(self) -> None:
        """Makes the table again, empty, with an index for each question."""
        self.drop()
        self._client.create_table(
            TableName=self._table,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in FIELDS[:3]],
            KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": _BY_CUSTOMER,
                    "KeySchema": [
                        {"AttributeName": "customer", "KeyType": "HASH"},
                        {"AttributeName": "placed_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self._client.get_waiter("table_exists").wait(TableName=self._table, WaiterConfig={"Delay": 1})

    def drop(self) -> None:
        """Deletes the table, if it is there."""
        try:
            self._client.delete_table(TableName=self._table)
        except self._client.exceptions.ResourceNotFoundException:
            return
        self._client.get_waiter("table_not_exists").wait(TableName=self._table, WaiterConfig={"Delay": 1})

    def place(self, order: Order) -> None:
        if not self._put(order, "attribute_not_exists(order_id)", {}):
            raise OrderExists(order["order_id"])

    def get(self, order_id: str) -> Order | None:
        # Strongly consistent, so that customers find the orders that they have placed.
        answer = self._client.get_item(TableName=self._table, Key={"order_id": {"S": order_id}}, ConsistentRead=True)
        return _order(answer["Item"]) if "Item" in answer else None

    def of_customer(self, customer: str, limit: int = 10) -> list[Order]:
        answer = self._client.query(
            TableName=self._table,
            IndexName=_BY_CUSTOMER,
            KeyConditionExpression="customer = :customer",
            ExpressionAttributeValues={":customer": {"S": customer}},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [_order(item) for item in answer["Items"]]

    def set_status(self, order_id: str, old: str, new: str) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"order_id": {"S": order_id}},
                UpdateExpression="SET #status = :new ADD version :one",
                ConditionExpression="#status = :old",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":old": {"S": old}, ":new": {"S": new}, ":one": {"N": "1"}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def put(self, order: Order) -> None:
        self._client.put_item(TableName=self._table, Item=_item(order))

    def put_if_newer(self, order: Order) -> bool:
        version = {":version": {"N": str(order["version"])}}
        return self._put(order, "attribute_not_exists(order_id) OR version < :version", version)

    def all(self) -> Iterator[Order]:
        for page in self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            yield from map(_order, page["Items"])

    def _put(self, order: Order, condition: str, values: Order) -> bool:
        extra = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.put_item(TableName=self._table, Item=_item(order), ConditionExpression=condition, **extra)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _item(order: Order) -> Order:
    return {key: {"N": str(value)} if key in _NUMBERS else {"S": value} for key, value in order.items()}


def _order(item: Order) -> Order:
    return {key: int(value["N"]) if key in _NUMBERS else value["S"] for key, value in item.items()}


def examples(number: int, *, customers: int = 50, seed: int = 7) -> list[Order]:
    """Orders as they come in, the oldest first, all of them open; the same ones for the same arguments.

    Args:
        number: how many, up to 100,000.
        customers: of how many customers.
        seed: for the random numbers.
    """
    chance = random.Random(seed)
    return [
        {
            "order_id": f"order-{n:05}",
            "customer": f"customer-{chance.randrange(customers):03}",
            "placed_at": _moment(n, number),
            "lamp": chance.choice(LAMPS),
            "quantity": chance.randint(1, 4),
            "status": "open",
            "version": 1,
        }
        for n in range(number)
    ]


def _moment(n: int, number: int) -> str:
    """The n-th of so many moments that divide November 2026 evenly, as text that sorts by time."""
    second = n * 30 * 86_400 // max(number, 1)
    day, rest = divmod(second, 86_400)
    return f"2026-11-{day + 1:02}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"
