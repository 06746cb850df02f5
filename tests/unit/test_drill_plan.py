"""Which orders a drill posts, and how its customers post them."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from serverless_first import drill
from serverless_first.drill import load
from serverless_first.drill.load import Customers
from serverless_first.drill.plan import UNDER_LOCK, PlannedOrder, plan
from serverless_first.drill.record import Look


@pytest.mark.parametrize("orders", [80, 150, 2000])
def test_some_orders_come_twice_and_one_is_poison(orders: int) -> None:
    planned = plan(orders, 7, "r1")
    kinds = Counter(order.kind for order in planned)
    assert kinds["poison"] == 1
    assert sum(kinds.values()) == orders + 1
    assert (kinds["retried"], kinds["late"]) == (orders // 20, min(50, orders // 20))
    assert len({order.order_id for order in planned}) == orders + 1
    assert all(order.order_id.startswith("r1-") for order in planned)
    assert all(UNDER_LOCK < place <= 0.9 * orders for place, order in enumerate(planned) if order.kind == "late")
    assert len({order.customer for order in planned}) > 0.9 * orders


def test_the_seed_decides() -> None:
    assert plan(100, 7, "r1") == plan(100, 7, "r1") != plan(100, 8, "r1")
    other = [(o.customer, o.lamp, o.quantity, o.kind) for o in plan(100, 7, "r2")]
    assert other == [(o.customer, o.lamp, o.quantity, o.kind) for o in plan(100, 7, "r1")]


def test_the_poison_is_text_that_json_carries_and_postgresql_does_not() -> None:
    (poison,) = [order for order in plan(100, 7, "r1") if order.kind == "poison"]
    assert "\x00" in str(json.loads(json.dumps(poison.body))["customer"])


@pytest.mark.parametrize("orders", [0, 79, 5001, 100.0, True, "100"])
def test_a_drill_needs_a_sensible_number_of_orders(orders: Any) -> None:
    with pytest.raises(ValueError, match="a whole number from 80 to 5000"):
        plan(orders, 7, "r1")


@pytest.mark.parametrize("seed", ["7", 7.0, None, True])
def test_the_seed_of_a_drill_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(ValueError, match=f"seed is {seed!r}, but must be a whole number"):
        plan(100, seed, "r1")


@pytest.mark.parametrize("patience_s", [-1, "60", True, float("nan")])
def test_the_patience_of_a_drill_is_a_time(patience_s: Any) -> None:
    """It is looked at before anything is asked of a shop: there is none here."""
    with pytest.raises(ValueError, match=f"patience_s is {patience_s!r}, but must be a time of 0 or more seconds"):
        drill.run(orders=100, patience_s=patience_s)


# ---- the customers


class Door(ThreadingHTTPServer):
    """A front door that answers what the test tells it to: statuses for each order id, 202 after them."""

    daemon_threads = True

    def __init__(self, statuses: dict[str, list[int]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.seen = statuses, Counter[str]()
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.seen[order["order_id"]] += 1
            todo = self.server.statuses.get(order["order_id"], [])
            status = todo.pop(0) if todo else 202
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        paid = b'{"order_id": "a", "status": "paid"}'
        answers = {"a": (200, paid), "b": (404, b"{}"), "c": (200, b"[]"), "d": (200, b"<")}
        status, body = answers[self.path.removeprefix("/orders/")]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    server = Door({"a": [500, 0], "b": [400], "c": [503] * load.TRIES})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def order(order_id: str, kind: str = "once") -> PlannedOrder:
    return PlannedOrder(order_id, "customer 1", "Tsuki", 1, kind)


def test_a_customer_tries_again_unless_it_is_told_that_the_order_is_wrong(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serverless_first.drill.load.time.sleep", lambda _: None)
    customers = Customers(f"http://127.0.0.1:{door.server_port}/")
    orders = [order("a"), order("b"), order("c"), order("d", "retried")]
    customers.post_all(orders)
    posted = {o.order_id: customers.log.posted(o) for o in orders}
    assert {key: found.statuses for key, found in posted.items()} == {
        "a": (500, 0, 202), "b": (400,), "c": (503,) * load.TRIES, "d": (202, 202),
    }  # fmt: skip
    assert {key: found.copies for key, found in posted.items()} == {"a": 1, "b": 0, "c": 0, "d": 2}
    assert {key: found.accepted for key, found in posted.items()} == {"a": True, "b": False, "c": False, "d": True}
    assert all(len(found.took_ms) == len(found.statuses) for found in posted.values())
    assert door.seen == {"a": 3, "b": 1, "c": load.TRIES, "d": 2}
    assert customers.done == 5


def test_a_customer_looks(door: Door) -> None:
    customers = Customers(f"http://127.0.0.1:{door.server_port}")
    looks = [customers.look(order_id) for order_id in "abcd"]
    assert [(look.http_status, look.status) for look in looks] == [(200, "paid"), (404, ""), (200, ""), (200, "")]
    assert Customers("http://127.0.0.1:9").look("a") == Look("a", 0, "")


def test_what_goes_wrong_in_a_thread_is_raised(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = Customers(f"http://127.0.0.1:{door.server_port}")

    def broken(_: PlannedOrder) -> None:
        raise RuntimeError("no more lamps")

    monkeypatch.setattr(customers, "post", broken)
    with pytest.raises(RuntimeError, match="no more lamps"):
        customers.post_all([order("a"), order("b")])


def test_nobody_goes_on_posting_when_the_cell_is_interrupted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = Customers(f"http://127.0.0.1:{door.server_port}")
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(order: PlannedOrder) -> None:
        begun.release()
        assert go_on.wait(30)
        customers.log.copies[order.order_id] = 1

    def interrupted(future: Future[None], timeout: float | None = None) -> None:
        del future, timeout
        for _ in range(load.CLIENTS):
            assert begun.acquire(timeout=30)
        raise KeyboardInterrupt

    monkeypatch.setattr(customers, "post", slow)
    monkeypatch.setattr(Future, "result", interrupted)
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        customers.post_all([order(f"o{n}") for n in range(50)])
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert len(customers.log.copies) == load.CLIENTS
