"""The three stores of orders agree, also when many write at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from serverless_cloud import Cloud
from serverless_first.shop import hikari
from serverless_first.shop.order_stores import DynamoOrders, MemoryOrders, OrderExists, PostgresOrders, examples

ORDERS = examples(30, customers=3)


@pytest.fixture(scope="module")
def connection(cloud_of_module: Cloud) -> Iterator[Any]:
    with hikari.database(cloud_of_module, identifier="stores-db").connect() as open_connection:
        yield open_connection


@pytest.fixture(params=["memory", "PostgreSQL", "DynamoDB"])
def store(request: pytest.FixtureRequest, connection: Any) -> Any:
    if request.param == "memory":
        return MemoryOrders()
    made: Any = PostgresOrders(connection) if request.param == "PostgreSQL" else DynamoOrders(boto3.client("dynamodb"))
    made.create()
    return made


def test_orders_are_found_by_id_and_by_customer_newest_first(store: Any) -> None:
    for order in (*ORDERS[10:], *ORDERS[:10]):
        store.place(order)
    assert store.get(ORDERS[4]["order_id"]) == ORDERS[4]
    assert store.get("order-none") is None
    own = [order for order in ORDERS if order["customer"] == ORDERS[0]["customer"]]
    assert store.of_customer(ORDERS[0]["customer"], limit=3) == own[::-1][:3]
    assert sorted(order["order_id"] for order in store.all()) == [order["order_id"] for order in ORDERS]


def test_a_second_order_with_an_id_is_refused(store: Any) -> None:
    store.place(ORDERS[0])
    with pytest.raises(OrderExists):
        store.place(ORDERS[0] | {"customer": "another", "placed_at": "2026-12-01T00:00:00Z"})
    assert store.get(ORDERS[0]["order_id"]) == ORDERS[0]


def test_of_many_who_change_a_status_at_once_one_does(store: Any) -> None:
    store.place(ORDERS[0])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store.set_status(ORDERS[0]["order_id"], "open", "packed"), range(8)))
    assert answers.count(True) == 1
    assert store.get(ORDERS[0]["order_id"]) == ORDERS[0] | {"status": "packed", "version": 2}
    assert store.set_status("order-none", "open", "packed") is False
    assert store.get("order-none") is None


def test_an_older_copy_never_wins(store: Any) -> None:
    newer = ORDERS[0] | {"status": "packed", "version": 2}
    assert store.put_if_newer(newer)
    assert not store.put_if_newer(ORDERS[0])
    assert not store.put_if_newer(newer)
    assert store.get(ORDERS[0]["order_id"]) == newer
    store.put(ORDERS[0])
    assert store.get(ORDERS[0]["order_id"]) == ORDERS[0]
