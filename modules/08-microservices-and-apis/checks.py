"""Checks of module 08, tasks 8.1 and 8.2: the orders service at its door, and its call to stock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serverless_first.lab import Attempt, CheckBroken, CheckFailed, task
from serverless_first.lab.apis import Answered, begun, http_api, http_event, items, lamps, send, switched_off
from serverless_first.lab.functions import fresh_id, wait_until
from serverless_first.lab.show import say

_chance = random.Random()
GET, POST = "GET /orders/{order_key}", "POST /orders"
CLIENTS_FAULT = (400, 422)  # 422 says the same, more exactly
SLOW_S = 5  # longer than orders may wait


def _order(**fields: Any) -> dict[str, Any]:
    lamp = _chance.choice(["Tsuki", "Hoshi", "Kumo"])
    return {"order_key": fresh_id("ord"), "lamp": lamp, "quantity": _chance.randint(2, 19)} | fields


def _bad_orders() -> list[tuple[str, Any]]:
    """Returns bad bodies, each with a description of its fault."""
    without = _order()
    del without["lamp"]
    return [
        ("no quantity", {k: v for k, v in _order().items() if k != "quantity"}),
        ("no lamp", without),
        ("a body that is not JSON", "lamp=Tsuki&quantity=2"),
        ("no body", None),
        ("a list instead of an object", [_order()]),
        ("a quantity that is a string", _order(quantity="2")),
        ("a quantity of 0", _order(quantity=0)),
        ("21 lamps", _order(quantity=21)),
        ("half a lamp", _order(quantity=1.5)),
        ("true instead of a quantity", _order(quantity=True)),
        ("an empty order_key", _order(order_key="")),
        ("a lamp that is a number", _order(lamp=7)),
    ]


# ---- 8.1


@task("8.1")
def front_door(attempt: Attempt) -> None:
    """Good orders are stored and found; bad ones are refused by a status that says whose fault it is."""
    begun(attempt, "orders", http_event(GET, order_key=fresh_id("ord")))
    address = http_api(attempt, "orders")
    order = _order()
    _good(attempt, address, order)
    _limits(attempt, address)
    _unknown(attempt, address)
    say("8.1: bad orders ...")
    for what, body in _bad_orders():
        _bad(attempt, what, body, send(attempt, address, "POST", "/orders", body))
    found = send(attempt, address, "GET", f"/orders/{order['order_key']}")
    attempt.expect(
        found.status == 200 and found.has(order),
        problem="The good order changed after the check sent bad orders.",
        called=found.called,
        came_back=str(found),
        expected=f"200 and {order}",
        look_at="what your handler writes to the table",
    )


def _good(attempt: Attempt, address: str, order: dict[str, Any]) -> None:
    made = send(attempt, address, "POST", "/orders", order)
    _no_fault(attempt, made, POST, order)
    attempt.expect(
        made.status != 404,
        problem="The API does not have this route.",
        called=made.called,
        came_back=str(made),
        expected="a response from your function",
        look_at="the keys of the dict that you pass to http_api: the method, a space, the path",
    )
    in_table = order["order_key"] in items(attempt, "orders", "order_key")
    attempt.expect(
        made.status == 201,
        problem="A new order was stored, but the status does not say so."
        if 200 <= made.status < 300
        else "A good order is refused.",
        called=made.called,
        came_back=str(made),
        expected='the status for "something new was created"',
        look_at="the table in step 1",
    )
    attempt.expect(
        in_table,
        problem="The response says that the order is stored, but it is not in the table.",
        called=made.called,
        came_back=f"{made}; no such item in the orders table",
        expected="an item with this order_key",
        look_at="where your handler calls store",
    )
    found = send(attempt, address, "GET", f"/orders/{order['order_key']}")
    _no_fault(attempt, found, GET, None, order_key=order["order_key"])
    attempt.expect(
        found.status == 200 and found.has(order),
        problem="GET does not return a stored order.",
        called=found.called,
        came_back=str(found),
        expected=f"200 and {order}",
        look_at="the second route in your handler and in the API",
    )


def _limits(attempt: Attempt, address: str) -> None:
    """The smallest and the largest quantity are good."""
    for quantity in (1, 20):
        order = _order(quantity=quantity)
        made = send(attempt, address, "POST", "/orders", order)
        attempt.expect(
            made.status == 201,
            problem=f"A good order is refused because of its quantity, {quantity}.",
            called=made.called,
            came_back=str(made),
            expected="201, because quantities from 1 to 20 are good, including 1 and 20",
            look_at="how your handler compares the quantity with 1 and 20",
        )


def _unknown(attempt: Attempt, address: str) -> None:
    key = fresh_id("ord")
    gone = send(attempt, address, "GET", f"/orders/{key}")
    if 200 <= gone.status < 300:
        problem = "An order that nobody has placed gets the same response as a stored order. Clients trust the status."
    elif gone.status >= 500:
        problem = "The status for an unknown order blames our service, so the client keeps retrying."
    else:
        problem = "The status for an unknown order means something else."
    attempt.expect(
        gone.status == 404,
        problem=problem,
        called=gone.called + ", which nobody has placed",
        came_back=str(gone),
        expected='the status for "no such thing here"',
        look_at="what your handler does when find returns None",
    )


def _bad(attempt: Attempt, what: str, body: Any, got: Answered) -> None:
    if 200 <= got.status < 300:
        told = isinstance(got.body, dict) and not {"order_key", "lamp", "quantity"} <= set(got.body)
        problem = (
            "The body reports an error, but the status says that all is well. Clients act on the status."
            if told
            else f"An order with {what} is accepted."
        )
    elif got.status >= 500:
        problem = (
            "The status blames our service for the client's fault. The client will retry, and somebody gets paged."
        )
    else:
        problem = "The status does not say that the request itself is wrong."
    attempt.expect(
        got.status in CLIENTS_FAULT,
        problem=problem,
        called=f"{got.called} ({what})",
        came_back=str(got) + (_own_error(attempt, http_event(POST, body)) if got.status >= 500 else ""),
        expected='the status for "your fault, do not send it again"',
        look_at="what your handler does before it stores an order",
    )
    message = got.body.get("message") if isinstance(got.body, dict) else None
    attempt.expect(
        isinstance(message, str) and message != "",
        problem="The status says that something is wrong, but nothing tells a human what.",
        called=f"{got.called} ({what})",
        came_back=str(got),
        expected='a body in which "message" is a non-empty string',
        look_at="the body of your responses to bad orders",
    )
    key = str(body.get("order_key", "")) if isinstance(body, dict) else ""
    attempt.expect(
        not key or key not in items(attempt, "orders", "order_key"),
        problem="A refused order was stored anyway.",
        called=f"{got.called} ({what})",
        came_back=f"{got}; the table has an item with this order_key",
        expected="no item",
        look_at="the order of your steps: check first, then store",
    )


def _own_error(attempt: Attempt, event: dict[str, Any]) -> str:
    """The error that is behind the API's 500, for a message. Empty if the function returns."""
    try:
        attempt.invoke("orders", event)
    except CheckFailed as failure:
        return f"; the function says {failure.came_back}"
    return ""


def _no_fault(attempt: Attempt, got: Answered, route: str, body: Any, **path_parameters: str) -> None:
    """Where the API answers 5xx, calls the function directly: so its own error is in the message."""
    if got.status >= 500:
        attempt.invoke("orders", http_event(route, body, **path_parameters))


# ---- 8.2


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
