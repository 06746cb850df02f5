"""Check for module 09, task 9.2: a consumer that packs each order once."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, NotStarted, task
from serverless_first.lab.functions import Answer, at_once, borrowed, fresh_id
from serverless_first.lab.meetings import DYNAMODB_WRITES, meeting, refusing
from serverless_first.lab.messages import again, batch, left_alone, numbers

_chance = random.Random()
LAMPS = ("Tsuki", "Hoshi", "Kumo")
AT_ONCE = 6
ONLY_ONE = "which exceptions pack.py catches, because only one of them means that the order is already packed"
RECOGNISES = "how your function recognizes an order, and where it records what it has packed"


@task("9.2")
def pack(attempt: Attempt) -> None:
    """Each order is packed once, even if it is repeated. A real error still fails."""
    name = "hikari-pack"
    first = batch(_order(), _order())
    attempt.invoke(name, first)
    both = [json.loads(record["body"])["order_id"] for record in first["Records"]]
    _packed_once(attempt, both, "a batch with two orders", "The function packs nothing, or more than it should.")
    _repeat(
        attempt,
        first,
        both,
        "the same two messages again",
        "The same message came again, and its order was packed again.",
    )
    with borrowed(attempt, name) as restart:
        restart()
        _repeat(
            attempt,
            first,
            both,
            "the same two messages, to a new execution environment",
            "A new execution environment packed the orders again. It doesn't know what the old environment did.",
        )
    resent = batch(*(json.loads(record["body"]) | {"sent_at": "12:00:09"} for record in first["Records"]))
    _repeat(
        attempt,
        resent,
        both,
        "both orders sent a second time, with new message ids, new receipt handles and a new sent_at",
        "The shop sent the order again, and it was packed again. Your key differs between messages about one order.",
    )
    order = _order()
    _repeat(
        attempt,
        batch(order, order | {"sent_at": "12:00:09"}),
        [order["order_id"]],
        "a batch that contains the same order twice",
        "An order that appears twice in a batch is packed twice or not at all.",
    )
    new = _order()
    _repeat(
        attempt,
        batch(order | {"sent_at": "12:00:12"}, new),
        [order["order_id"], new["order_id"]],
        "a batch with an order that is already packed, followed by a new order",
        "An order after a repeated order was not packed, but its message is deleted, so the order is lost.",
        look_at="where the loop over the records continues after a repeated order",
    )
    packed = _order()
    attempt.invoke(name, batch(packed))
    left_alone(attempt, name, batch(packed | {"sent_at": "12:00:09"}), "hikari-packages", packed["order_id"])
    _at_the_same_moment(attempt, name)
    _real_error(attempt, name)


def _order() -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "lamp": _chance.choice(LAMPS), "sent_at": "12:00:01"}


def _repeat(
    attempt: Attempt, event: dict[str, Any], orders: list[str], called: str, problem: str, *, look_at: str = RECOGNISES
) -> None:
    try:
        attempt.invoke("hikari-pack", again(event))
    except NotStarted:
        raise
    except CheckFailed as failure:
        attempt.fail(
            "A repeated order is not an error, because the order is already packed. Your function fails, so the "
            "message will come again.",
            called=f"invoke hikari-pack with {called}",
            came_back=failure.came_back,
            expected="a return without an error",
            look_at="what pack.py does when it finds that an order is already packed",
        )
    _packed_once(attempt, orders, called, problem, look_at=look_at)


def _packed_once(attempt: Attempt, orders: list[str], called: str, problem: str, *, look_at: str = RECOGNISES) -> None:
    packed = numbers(attempt, "hikari-packages", "order_id", "packed", orders)
    attempt.expect(
        all(count == 1 for count in packed.values()),
        problem=problem,
        called=f"invoke hikari-pack with {called}",
        came_back=f"packed {sorted(packed.values())}",
        expected=f"packed {[1] * len(orders)}",
        look_at=look_at,
    )


def _at_the_same_moment(attempt: Attempt, name: str) -> None:
    order = _order()
    with meeting(attempt, name, AT_ONCE, before=DYNAMODB_WRITES):
        at_once(attempt, name, [batch(order)] * AT_ONCE)
    packed = numbers(attempt, "hikari-packages", "order_id", "packed", [order["order_id"]])[order["order_id"]]
    attempt.expect(
        packed == 1,
        problem="Two environments got the same order at the same time, and both packed it."
        if packed
        else "An order that reached several environments at the same time is not packed.",
        called=f"{AT_ONCE} calls to {name} at the same time, with the same order",
        came_back=f"packed {packed}",
        expected="packed 1",
        look_at="the time between checking whether an order is packed and writing that it is",
    )


def _real_error(attempt: Attempt, name: str) -> None:
    order = _order()
    broken = {key: value for key, value in order.items() if key != "lamp"}
    (answer,) = at_once(attempt, name, [batch(broken)])
    packed = numbers(attempt, "hikari-packages", "order_id", "packed", [order["order_id"]])[order["order_id"]]
    _is_reported(
        attempt,
        answer,
        "An order without a lamp can't be packed, but your function reports success. The order is lost.",
        f"invoke {name} with an order without a lamp",
        "how your function reads the lamp, because get returns None instead of raising an error"
        if packed
        else ONLY_ONE,
    )
    _packed_later(attempt, name, order, "without a lamp, and then with the same order, corrected")
    order = _order()
    with refusing(attempt, name, DYNAMODB_WRITES, "ProvisionedThroughputExceededException", "The table is busy."):
        (answer,) = at_once(attempt, name, [batch(order)])
    _is_reported(
        attempt,
        answer,
        "DynamoDB throttled the write, so the order isn't packed, but your function reports success. The order is "
        "lost.",
        f"invoke {name} with an order, while DynamoDB throttles all writes",
        ONLY_ONE,
    )
    _packed_later(attempt, name, order, "while DynamoDB throttles all writes, and then once more")


def _is_reported(attempt: Attempt, answer: Answer, problem: str, called: str, look_at: str) -> None:
    """Expects an error, or a response that lists the message as failed."""
    listed = isinstance(answer.payload, dict) and bool(answer.payload.get("batchItemFailures"))
    attempt.expect(
        bool(answer.error) or listed,
        problem=problem,
        called=called,
        came_back=json.dumps(answer.payload),
        expected="an error",
        look_at=look_at,
    )


def _packed_later(attempt: Attempt, name: str, order: dict[str, Any], what: str) -> None:
    """Expects that an order that failed once can be packed afterward."""
    try:
        attempt.invoke(name, batch(order))
    except CheckFailed as failure:
        attempt.fail(
            "An order that failed once fails again, although it can be packed now.",
            called=f"invoke {name} with an order {what}",
            came_back=failure.came_back,
            expected="packed 1",
            look_at="what the failed first attempt left behind",
        )
    _packed_once(
        attempt,
        [order["order_id"]],
        f"an order {what}",
        "The order is never packed. The first attempt failed, but marked it as done.",
        look_at="whether the mark comes before the work, and what removes the mark when the work fails",
    )
