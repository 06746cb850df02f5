"""Check of module 08, task 8.2: the orders service and its call to stock."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from serverless_first.lab import Attempt, CheckBroken, CheckFailed, task
from serverless_first.lab.apis import Answered, begun, http_api, http_event, items, lamps, send
from serverless_first.lab.functions import borrowed, fresh_id
from serverless_first.lab.meetings import refusing
from serverless_first.lab.show import say

_chance = random.Random()
POST = "POST /orders"
SLOW_S = 2.8  # longer than orders may wait, also if it asks twice
HANGS_UP, SLOW = 0, -1  # what a stand-in does instead of returning a status
FAILURES = (
    (500, "returns 500"),
    (503, "returns 503"),
    (404, "returns 404"),
    (429, "returns 429"),
    (HANGS_UP, "hangs up without a response"),
    (SLOW, f"takes {SLOW_S} s"),
)


def _order(**fields: Any) -> dict[str, Any]:
    return {"order_key": fresh_id("ord"), "lamp": "Tsuki", "quantity": _chance.randint(2, 19)} | fields


# ---- 8.2


@task("8.2")
def asks_stock(attempt: Attempt) -> None:
    """Orders tells what stock says, and copes with a stock service that fails, is slow, or has answered before."""
    lamp = fresh_id("lamp")
    begun(attempt, "orders", http_event(POST, _order(lamp=lamp)))
    address, stock = http_api(attempt, "orders"), http_api(attempt, "stock")
    with lamps(attempt, lamp, 10):
        _stock_works(attempt, stock, lamp)
        _reserved(attempt, address, lamp)
        _reserved_before(attempt, address, stock, lamp)
        _sold_out(attempt, address, lamp)
        say("8.2: stock fails and is slow ...")
        _failures(attempt, address, lamp)


def _stock_works(attempt: Attempt, stock: str, lamp: str) -> None:
    """Starts stock, so its cold start takes no time from the learner. A busy computer gets a second attempt."""
    for _ in range(2):
        warm = send(attempt, stock, "POST", "/reservations", _order(lamp=lamp, quantity=1))
        if warm.status == 201:
            return
        if warm.status < 500:
            attempt.not_started("The stock service does not respond like stock.py.", look_at="step 2: rerun it")
    raise CheckBroken(
        "The stock service failed twice. If your computer is busy, run the check again.",
        called=warm.called,
        came_back=str(warm),
        look_at="the cell that writes stock.py and step 2. If the check fails again, rerun both",
        task_id=attempt.task.id,
    )


def _left(attempt: Attempt, lamp: str) -> int:
    return int(items(attempt, "stock-lamps", "lamp")[lamp]["left"])


def _placed(attempt: Attempt, address: str, order: dict[str, Any]) -> Answered:
    """Places an order. After a 503 it does what the customer should, since stock is slow on a busy computer."""
    got = send(attempt, address, "POST", "/orders", order)
    return send(attempt, address, "POST", "/orders", order) if got.status == 503 else got


def _reserved(attempt: Attempt, address: str, lamp: str) -> None:
    before = items(attempt, "stock-reservations", "order_key")
    order = _order(lamp=lamp, quantity=3)
    left = _left(attempt, lamp)
    got = _placed(attempt, address, order)
    if got.status == 500:
        attempt.invoke("orders", http_event(POST, order))
    attempt.expect(
        got.status == 201,
        problem="There are enough lamps, but the customer does not get 201."
        + (" If your computer is busy, run the check again." if got.status == 503 else ""),
        called=got.called,
        came_back=str(got),
        expected="201: stock has reserved the lamps",
        look_at="the URL and the method of your request to stock; a POST needs data=",
    )
    after = items(attempt, "stock-reservations", "order_key")
    new = sorted(set(after) - set(before))
    if not new and _left(attempt, lamp) < left:
        problem = "Orders took lamps from the stock service's table. Only stock may use that table."
    elif new and new != [order["order_key"]]:
        problem = "The lamps are reserved under a key that is not the order's, so nobody will find the reservation."
    else:
        problem = "The customer got 201, but stock reserved nothing."
    attempt.expect(
        new == [order["order_key"]] and _left(attempt, lamp) == left - 3,
        problem=problem,
        called=got.called,
        came_back=f"{got}; new reservations: {new}; lamps left: {_left(attempt, lamp)} of {left}",
        expected="one reservation, under the order's order_key, for its quantity",
        look_at="what place sends to the stock service",
    )
    _in_orders(attempt, order["order_key"], got, stored=True)


def _reserved_before(attempt: Attempt, address: str, stock: str, lamp: str) -> None:
    """Stock has reserved an order's lamps, and its response was lost. The customer tries again."""
    order = _order(lamp=lamp, quantity=2)
    send(attempt, stock, "POST", "/reservations", order)
    left = _left(attempt, lamp)
    again = _placed(attempt, address, order)
    called = f"{again.called}, a second time: stock reserved these lamps, but its response was lost"
    attempt.expect(
        again.status == 201,
        problem="The order was new to the orders service, which stored it. The customer gets stock's status instead."
        if again.status == 200
        else "Stock says that it reserved the lamps before. That means yes, but orders treats it as a no.",
        called=called,
        came_back=str(again),
        expected="201, and the order is stored",
        look_at="which of stock's responses mean that the lamps are reserved",
    )
    attempt.expect(
        _left(attempt, lamp) == left,
        problem="The second attempt at the same order took lamps again.",
        called=called,
        came_back=f"lamps left: {_left(attempt, lamp)}; before the second attempt: {left}",
        expected="as many lamps as before",
        look_at="the order_key that place sends to stock, which must be the order's own key",
    )
    _in_orders(attempt, order["order_key"], again, stored=True)


def _sold_out(attempt: Attempt, address: str, lamp: str) -> None:
    order = _order(lamp=lamp, quantity=20)
    got = _placed(attempt, address, order)
    if got.status == 201:
        problem = "The lamp is sold out, but the customer is told that she will get it."
    elif 200 <= got.status < 300:
        problem = "The body may report an error, but the status says that all is well. Clients act on the status."
    elif got.status >= 500:
        problem = "Sold out is not an outage. The customer is told to try again, and stock will say no again."
    else:
        problem = "The status does not say that the order conflicts with what is in stock."
    attempt.expect(
        got.status == 409,
        problem=problem,
        called=f"{got.called}, which is more than stock has",
        came_back=str(got),
        expected="the status that stock itself returns when a lamp is sold out",
        look_at="your except clauses: which errors have a status, and which clause comes first?",
    )
    _in_orders(attempt, order["order_key"], got, stored=False)


# ---- a stock service that fails


class _StandIn(ThreadingHTTPServer):
    """A stock service that the check runs: it does what `does` says, a status or one of the constants above."""

    daemon_threads = True
    does = 201
    first_s = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Responder)


class _Responder(BaseHTTPRequestHandler):
    server: _StandIn

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        does = self.server.does
        if does == HANGS_UP:
            return
        if does == SLOW:  # from the first attempt on, so a second attempt is also too late
            self.server.first_s = self.server.first_s or time.monotonic()
            time.sleep(max(0.0, self.server.first_s + SLOW_S - time.monotonic()))
        with contextlib.suppress(OSError):  # orders no longer waits
            self._respond(409 if does == SLOW else does)

    def _respond(self, status: int) -> None:
        body = json.dumps({"message": "reserved" if status == 201 else "stock fails"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Writes nothing into the learner's notebook."""


@contextmanager
def _stand_in() -> Iterator[_StandIn]:
    with _StandIn() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def _failures(attempt: Attempt, address: str, lamp: str) -> None:
    """Stock fails in unlike ways. Meanwhile DynamoDB refuses to store orders, which only shows if orders tries to."""
    throttled = ("PutItem", "ProvisionedThroughputExceededException", "Too many writes.")
    with _stand_in() as stock:
        url = f"http://127.0.0.1:{stock.server_address[1]}"
        with (
            borrowed(attempt, "orders", variables_too={"STOCK_API": url}) as restart,
            refusing(attempt, "orders", *throttled),
        ):
            restart()
            for does, what in FAILURES:
                stock.does = does
                _failure(attempt, address, lamp, f"while the stock service at STOCK_API {what}", slow=does == SLOW)
            stock.does = 201
            _not_stored(attempt, address, lamp)
            stock.shutdown()
            stock.server_close()
            _failure(attempt, address, lamp, "while nothing listens at STOCK_API")


def _failure(attempt: Attempt, address: str, lamp: str, when: str, *, slow: bool = False) -> None:
    order, left = _order(lamp=lamp, quantity=1), _left(attempt, lamp)
    got = send(attempt, address, "POST", "/orders", order)
    elsewhere = _left(attempt, lamp) != left or got.status == 201
    cause = _own_error(attempt, order) if got.status == 500 else None
    if elsewhere:
        problem = "Orders did not ask the stock service at STOCK_API, which reserved nothing."
    elif cause and "ProvisionedThroughput" in str(cause.came_back):
        problem = "Orders writes to its table before stock has said yes. If place ends in between, the order stays."
    elif slow and got.status == 409:
        problem = "Orders waits for as long as stock takes, and so does the customer. The environment stays busy."
    elif got.status == 409:
        problem = "Stock fails, but the customer is told that the lamp is sold out. She will not come back."
    elif slow or cause:
        problem = "Stock fails, and the handler fails because of it. A 500 does not say whether a retry helps."
    elif got.status in (404, 429, 500):
        problem = "Stock fails, and the customer gets stock's status, but she does not know about stock."
    else:
        problem = "Stock fails, but the customer is told something else."
    attempt.expect(
        got.status == 503,
        problem=problem,
        called=f"{got.called}, {when}",
        came_back=str(got) + (f"; the function says {cause.came_back}" if cause else ""),
        expected="503, after at most 2 s" if slow else "503: not now, try again later",
        look_at="an argument of urlopen, and the error that it raises when the response takes too long"
        if slow
        else f"{cause.look_at + ', and ' if cause else ''}what urlopen raises here, and what place returns then",
    )
    _in_orders(attempt, order["order_key"], got, stored=False)


def _own_error(attempt: Attempt, order: dict[str, Any]) -> CheckFailed | None:
    """The error with which the function itself ends; None if it returns."""
    try:
        attempt.invoke("orders", http_event(POST, order))
    except CheckFailed as failure:
        return failure
    return None


def _not_stored(attempt: Attempt, address: str, lamp: str) -> None:
    """Stock says yes, but DynamoDB refuses the order."""
    order = _order(lamp=lamp, quantity=1)
    got = send(attempt, address, "POST", "/orders", order)
    stored = order["order_key"] in items(attempt, "orders", "order_key")
    attempt.expect(
        got.status >= 500 or (got.status == 201 and stored),
        problem="DynamoDB did not store the order, but the customer is told that it is placed."
        if got.status < 400
        else "DynamoDB refused the write, but the status blames the customer.",
        called=f"{got.called}, while DynamoDB throttles the writes of orders",
        came_back=f"{got}; {'an' if stored else 'no'} item with this order_key",
        expected="a status of 500 or more, so that she tries again",
        look_at="which errors place catches, and around which lines",
    )


def _in_orders(attempt: Attempt, key: str, got: Answered, *, stored: bool) -> None:
    attempt.expect(
        (key in items(attempt, "orders", "order_key")) is stored,
        problem="The customer was told that her order is placed, but it is not in the orders table."
        if stored
        else "The customer was turned away, but her order was stored anyway.",
        called=got.called,
        came_back=f"{got}; {'no item' if stored else 'an item'} with this order_key",
        expected="an item" if stored else "no item",
        look_at="where place calls store",
    )
