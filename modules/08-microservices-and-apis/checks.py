"""Check of module 08, task 8.1: the orders service behind an HTTP API."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, task
from serverless_first.lab.apis import Answered, begun, http_api, http_event, items, send
from serverless_first.lab.failures import listed, readable
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.meetings import refusing
from serverless_first.lab.show import say

_chance = random.Random()
GET, POST = "GET /orders/{order_key}", "POST /orders"
CLIENTS_FAULT = (400, 422)  # 422 says the same, more exactly


def _order(**fields: Any) -> dict[str, Any]:
    lamp = _chance.choice(["Nami", "Yuki", "Sora"])  # no lamp of the lab, since any text is good
    return {"order_key": fresh_id("ord"), "lamp": lamp, "quantity": _chance.randint(2, 19)} | fields


def _bad_orders() -> list[tuple[str, Any]]:
    """Returns bad bodies, each with a description of its fault."""
    return [
        *((f"no {field}", {k: v for k, v in _order().items() if k != field}) for field in _order()),
        ("a body that is not JSON", "lamp=Tsuki&quantity=2"),
        ("no body", None),
        ("a list instead of an object", [_order()]),
        ("a string instead of an object", json.dumps("order_key lamp quantity")),
        ("null instead of an object", "null"),
        ("a quantity that is a string", _order(quantity="2")),
        ("a quantity of 0", _order(quantity=0)),
        ("a quantity of -2", _order(quantity=-2)),
        ("21 lamps", _order(quantity=21)),
        ("half a lamp", _order(quantity=1.5)),
        ("true instead of a quantity", _order(quantity=True)),
        ("null instead of a quantity", _order(quantity=None)),
        ("an empty order_key", _order(order_key="")),
        ("an order_key that is a number", _order(order_key=7)),
        ("an empty lamp", _order(lamp="")),
        ("a lamp that is a number", _order(lamp=7)),
    ]


# ---- 8.1


@task("8.1")
def front_door(attempt: Attempt) -> None:
    """Good orders are stored and found; bad ones are refused by a status that says whose fault it is."""
    begun(attempt, "orders", http_event(GET, order_key=fresh_id("ord")))
    address = http_api(attempt, "orders")
    _routes(attempt)
    order = _order()
    _good(attempt, address, order)
    _limits(attempt, address)
    _known(attempt, address)
    _unknown(attempt, address)
    say("8.1: bad orders ...")
    stored = set(items(attempt, "orders", "order_key"))
    for what, body in _bad_orders():
        _bad(attempt, what, body, send(attempt, address, "POST", "/orders", body), stored)
    _our_fault(attempt, address)
    reply = send(attempt, address, "GET", f"/orders/{order['order_key']}")
    attempt.expect(
        reply.status == 200 and reply.has(order),
        problem="The good order changed after the check sent bad orders.",
        called=reply.called,
        came_back=str(reply),
        expected=f"200 and {readable(order)}",
        look_at="what your handler writes to the table",
    )


def _routes(attempt: Attempt) -> None:
    """The API has the two routes, and no more."""
    client = attempt.client("apigatewayv2")
    [api_id, *_] = [api["ApiId"] for api in client.get_apis()["Items"] if api["Name"] == "orders"]
    routes = {route["RouteKey"] for route in client.get_routes(ApiId=api_id)["Items"]}
    missing = {GET, POST} - routes
    attempt.expect(
        routes == {GET, POST},
        problem=f"The API orders has no route {' or '.join(sorted(missing))}."
        if missing
        else "The API orders has more routes than the table, so your handler gets requests that it does not expect.",
        called="get_routes of the API orders",
        came_back=listed(sorted(routes)),
        expected=f"{POST} and {GET}",
        look_at="the keys of the dict that you pass to http_api: the method, a space, the path",
    )


def _good(attempt: Attempt, address: str, order: dict[str, Any]) -> None:
    creation = send(attempt, address, "POST", "/orders", order)
    _no_fault(attempt, creation, POST, order)
    in_table = order["order_key"] in items(attempt, "orders", "order_key")
    attempt.expect(
        creation.status == 201,
        problem="A new order was stored, but the status does not say so."
        if 200 <= creation.status < 300
        else "A good order is refused.",
        called=creation.called,
        came_back=str(creation),
        expected='the status for "something new was created"',
        look_at="the table in step 1",
    )
    attempt.expect(
        in_table,
        problem="The response says that the order is stored, but it is not in the table.",
        called=creation.called,
        came_back=f"{creation}; no such item in the orders table",
        expected="an item with this order_key",
        look_at="where your handler calls store",
    )
    attempt.expect(
        creation.has(order),
        problem="The status of a new order is right, but the body is not the order.",
        called=creation.called,
        came_back=str(creation),
        expected=f"201 and {readable(order)}",
        look_at="the body of your response to a good order",
    )
    reply = send(attempt, address, "GET", f"/orders/{order['order_key']}")
    _no_fault(attempt, reply, GET, None, order_key=order["order_key"])
    attempt.expect(
        reply.status == 200 and reply.has(order),
        problem="GET does not return a stored order.",
        called=reply.called,
        came_back=str(reply),
        expected=f"200 and {readable(order)}",
        look_at="the part of your handler for the second route",
    )


def _limits(attempt: Attempt, address: str) -> None:
    """The smallest and the largest quantity are good."""
    for quantity in (1, 20):
        order = _order(quantity=quantity)
        creation = send(attempt, address, "POST", "/orders", order)
        attempt.expect(
            creation.status == 201,
            problem=f"A good order is refused because of its quantity, {quantity}.",
            called=creation.called,
            came_back=str(creation),
            expected="201, because quantities from 1 to 20 are good, including 1 and 20",
            look_at="how your handler compares the quantity with 1 and 20",
        )


def _known(attempt: Attempt, address: str) -> None:
    """An order that another execution environment has stored is known."""
    order = _order()
    typed = {name: {"N" if name == "quantity" else "S": str(value)} for name, value in order.items()}
    attempt.client("dynamodb").put_item(TableName="orders", Item=typed)
    reply = send(attempt, address, "GET", f"/orders/{order['order_key']}")
    attempt.expect(
        reply.status == 200 and reply.has(order),
        problem="GET does not return an order that is in the table.",
        called=f"{reply.called}, which another execution environment stored",
        came_back=str(reply),
        expected=f"200 and {readable(order)}",
        look_at="where your handler looks for an order: the memory of one environment does not know them all",
    )


def _unknown(attempt: Attempt, address: str) -> None:
    key = fresh_id("ord")
    reply = send(attempt, address, "GET", f"/orders/{key}")
    if 200 <= reply.status < 300:
        problem = "An order that nobody has placed gets the same response as a stored order. Clients trust the status."
    elif reply.status >= 500:
        problem = "The status for an unknown order blames our service, so the client keeps retrying."
    else:
        problem = "The status for an unknown order means something else."
    attempt.expect(
        reply.status == 404,
        problem=problem,
        called=reply.called + ", which nobody has placed",
        came_back=str(reply),
        expected='the status for "no such thing here"',
        look_at="what your handler does when find returns None",
    )


def _bad(attempt: Attempt, what: str, body: Any, got: Answered, stored: set[str]) -> None:
    if 200 <= got.status < 300:
        has_error = isinstance(got.body, dict) and not {"order_key", "lamp", "quantity"} <= set(got.body)
        problem = (
            "The body reports an error, but the status says that all is well. Clients act on the status."
            if has_error
            else f"An order with {what} is accepted."
        )
    elif got.status >= 500:
        problem = (
            "The status blames our service for the client's fault. The client will retry, and somebody gets paged."
        )
    else:
        problem = "The status does not say that the request itself is wrong."
    cause, line = _own_error(attempt, http_event(POST, body)) if got.status >= 500 else ("", "")
    attempt.expect(
        got.status in CLIENTS_FAULT,
        problem=problem,
        called=f"{got.called} ({what})",
        came_back=f"{got}{cause}",
        expected='the status for "your fault, do not send it again"',
        look_at=f"{line}what your handler does before it stores an order",
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
    new = set(items(attempt, "orders", "order_key")) - stored
    attempt.expect(
        not new,
        problem="A refused order was stored anyway.",
        called=f"{got.called} ({what})",
        came_back=f"{got}; the table has a new item with the order_key {listed(sorted(new))}",
        expected="no new item",
        look_at="the order of your steps: check first, then store",
    )


def _our_fault(attempt: Attempt, address: str) -> None:
    """DynamoDB refuses a good order: the client is not to blame, and doesn't hear that it is stored."""
    order = _order()
    with refusing(attempt, "orders", "PutItem", "ProvisionedThroughputExceededException", "Too many writes."):
        got = send(attempt, address, "POST", "/orders", order)
    stored = order["order_key"] in items(attempt, "orders", "order_key")
    attempt.expect(
        got.status >= 500 or (got.status == 201 and stored),
        problem="DynamoDB did not store the order, but the response says that it did."
        if got.status < 400
        else "DynamoDB refused the write, but the status blames the client, who will not send the good order again.",
        called=f"{got.called}, while DynamoDB throttles the function's writes",
        came_back=f"{got}; {'an' if stored else 'no'} item with this order_key",
        expected="a status of 500 or more, so that the client tries again",
        look_at="which errors your handler catches, and around which lines",
    )


def _own_error(attempt: Attempt, event: dict[str, Any]) -> tuple[str, str]:
    """The error that is behind the API's 500, and its place in the learner's file. Empty if the function returns."""
    try:
        attempt.invoke("orders", event)
    except CheckFailed as failure:
        return f"; the function says {failure.came_back}", f"{failure.look_at}, and "
    return "", ""


def _no_fault(attempt: Attempt, got: Answered, route: str, body: Any, **path_parameters: str) -> None:
    """Where the API answers 5xx, calls the function directly: so its own error is in the message."""
    if got.status >= 500:
        attempt.invoke("orders", http_event(route, body, **path_parameters))
