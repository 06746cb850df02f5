"""Check of module 08, task 8.2: the orders service and its call to stock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serverless_first.lab import Attempt, CheckBroken, task
from serverless_first.lab.apis import Answered, begun, http_api, http_event, items, lamps, send, switched_off
from serverless_first.lab.functions import borrowed, fresh_id, wait_until
from serverless_first.lab.meetings import refusing
from serverless_first.lab.show import say

_chance = random.Random()
POST = "POST /orders"
SLOW_S = 5  # longer than orders may wait


def _order(**fields: Any) -> dict[str, Any]:
    return {"order_key": fresh_id("ord"), "lamp": "Tsuki", "quantity": _chance.randint(2, 19)} | fields



@task("8.2")
def asks_stock(attempt: Attempt) -> None:
    """Orders tells what stock says, and copes with a stock service that is down, slow, or has answered before."""
    lamp = fresh_id("lamp")
    begun(attempt, "orders", http_event(POST, _order(lamp=lamp)))
    address, stock = http_api(attempt, "orders"), http_api(attempt, "stock")
    with lamps(attempt, lamp, 10):
        _stock_works(attempt, stock, lamp)
        _reserved(attempt, address, lamp)
        _sold_out(attempt, address, lamp)
        say("8.2: stock is turned off ...")
        with switched_off(attempt, "stock"):
            _down(attempt, address, lamp)
        say("8.2: stock fails ...")
        with _stock_with(attempt, SLOW_S="a text"):  # its float() fails
            _faulty(attempt, address, lamp)
        say("8.2: stock is slow ...")
        _slow_and_again(attempt, address, stock, lamp)


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


def _reserved(attempt: Attempt, address: str, lamp: str) -> None:
    before = items(attempt, "stock-reservations", "order_key")
    order = _order(lamp=lamp, quantity=3)
    left = _left(attempt, lamp)
    got = send(attempt, address, "POST", "/orders", order)
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
    _in_orders(attempt, order["order_key"], got, wanted=True)


def _sold_out(attempt: Attempt, address: str, lamp: str) -> None:
    order = _order(lamp=lamp, quantity=20)
    got = send(attempt, address, "POST", "/orders", order)
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
    _in_orders(attempt, order["order_key"], got, wanted=False)


def _down(attempt: Attempt, address: str, lamp: str) -> None:
    order, left = _order(lamp=lamp, quantity=1), _left(attempt, lamp)
    got = send(attempt, address, "POST", "/orders", order)
    called = f"{got.called}, while the function stock is turned off"
    attempt.expect(
        _left(attempt, lamp) == left,
        problem="Stock is off, but lamps are gone. Orders takes them from the stock service's table.",
        called=called,
        came_back=f"{got}; lamps left: {_left(attempt, lamp)} of {left}",
        expected="no change to stock's tables",
        look_at="place: it may use only stock's API",
    )
    if 200 <= got.status < 300:
        problem = "Stock is down and has reserved nothing, but the customer is told that all is well."
    elif got.status == 409:
        problem = "Stock is down, but the customer is told that the lamp is sold out. She will not come back."
    else:
        problem = "Stock is down, and the handler fails because of it. A 500 does not say whether a retry helps."
    attempt.expect(
        got.status == 503,
        problem=problem,
        called=called,
        came_back=str(got),
        expected="503: not now, try again later",
        look_at="what urlopen raises for a status of 500 or more",
    )
    _in_orders(attempt, order["order_key"], got, wanted=False)


def _faulty(attempt: Attempt, address: str, lamp: str) -> None:
    order = _order(lamp=lamp, quantity=1)
    got = send(attempt, address, "POST", "/orders", order)
    attempt.expect(
        got.status == 503,
        problem="Stock fails, and the customer gets stock's status, but she does not know about stock."
        if got.status >= 500
        else "Stock fails, but the customer is told something else.",
        called=f"{got.called}, while the function stock fails",
        came_back=str(got),
        expected="503: not now, try again later",
        look_at="what place returns when stock sends a status that is not in the table above",
    )
    _in_orders(attempt, order["order_key"], got, wanted=False)


def _slow_and_again(attempt: Attempt, address: str, stock: str, lamp: str) -> None:
    order, left = _order(lamp=lamp, quantity=2), _left(attempt, lamp)
    with _stock_with(attempt, SLOW_S=str(SLOW_S)):
        got = send(attempt, address, "POST", "/orders", order)
        called = f"{got.called}, while stock takes {SLOW_S} s"
        if 200 <= got.status < 300:
            problem = "Orders waits for as long as stock takes, and so does the customer. The environment stays busy."
        else:
            problem = "Stock is slow, and the handler fails because of it, or times out itself."
        attempt.expect(
            got.status == 503,
            problem=problem,
            called=called,
            came_back=str(got),
            expected="503, after 2 s",
            look_at="an argument of urlopen, and the error that it raises when the response takes too long",
        )
        _in_orders(attempt, order["order_key"], got, wanted=False)
        wait_until(lambda: order["order_key"] in items(attempt, "stock-reservations", "order_key"), 15)
    send(attempt, stock, "POST", "/reservations", _order(lamp=lamp, quantity=1))  # its cold start is not the learner's
    again = send(attempt, address, "POST", "/orders", order)
    called = f"{again.called}, a second time: stock reserved these lamps, but its response was lost"
    attempt.expect(
        again.status in (200, 201),
        problem="Stock says that it reserved the lamps before. That means yes, but orders treats it as a no.",
        called=called,
        came_back=str(again),
        expected="201, and the order is stored",
        look_at="which of stock's responses mean that the lamps are reserved",
    )
    attempt.expect(
        _left(attempt, lamp) == left - 2 - 1,  # and one for the check itself
        problem="The second attempt at the same order took lamps again.",
        called=called,
        came_back=f"lamps left: {_left(attempt, lamp)}; before the two attempts: {left}",
        expected="2 lamps fewer after both attempts, and one fewer for the check itself",
        look_at="the order_key that place sends to stock, which must be the order's own key",
    )
    _in_orders(attempt, order["order_key"], again, wanted=True)


@contextmanager
def _stock_with(attempt: Attempt, **variables_too: str) -> Iterator[None]:
    """The stock service with other variables of the environment, until the block ends."""
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName="stock")
    variables = (before.get("Environment") or {}).get("Variables") or {}
    client.update_function_configuration(
        FunctionName="stock", Environment={"Variables": {**variables, **variables_too}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName="stock", Environment={"Variables": variables})


def _in_orders(attempt: Attempt, key: str, got: Answered, *, wanted: bool) -> None:
    attempt.expect(
        (key in items(attempt, "orders", "order_key")) is wanted,
        problem="The customer was told that her order is placed, but it is not in the orders table."
        if wanted
        else "The customer was turned away, but her order was stored anyway.",
        called=got.called,
        came_back=f"{got}; {'no item' if wanted else 'an item'} with this order_key",
        expected="an item" if wanted else "no item",
        look_at="where place calls store",
    )
