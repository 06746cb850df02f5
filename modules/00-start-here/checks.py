"""Checks of module 00."""

from __future__ import annotations

import random

from serverless_first.lab import Attempt, Reply, task

FUNCTION = "hikari-order-total"
PARCEL_YEN = 500
FIRST_ORDER = (4800, 2)
"""Price and quantity of the task's example, so that a first failure shows an order that the learner has read about."""


@task("0.1")
def order_total(attempt: Attempt) -> None:
    """The total is price times quantity, plus one parcel."""
    orders = [FIRST_ORDER, *_new_orders(), FIRST_ORDER]
    replies = [_ask(attempt, *order) for order in orders]
    for reply, order in zip(replies, orders, strict=True):
        _expect_an_object(attempt, reply, *order)
    *replies, again = replies
    attempt.expect(
        again["total_yen"] == replies[0]["total_yen"],
        problem="The same order got two different totals. Something in your file changes from call to call.",
        called=f"{again.called}, twice",
        came_back=f"{replies[0]!r}, then {again!r}",
        expected="the same total for the same order",
        look_at="which variables outside the handler your handler changes: their values stay for the next call",
    )
    for reply, (price_yen, quantity) in zip(replies, orders[:-1], strict=True):
        right, total_yen = _right_yen(price_yen, quantity), reply["total_yen"]
        problem, look_at = _problem(total_yen, price_yen, quantity, replies)
        attempt.expect(
            isinstance(total_yen, (int, float)) and not isinstance(total_yen, bool) and total_yen == right,
            problem=problem,
            called=reply.called,
            came_back=reply,
            expected=f'{{"total_yen": {right}}}',
            look_at=f"{look_at}, and whether you ran the deploy cell after your last change",
        )


def _new_orders() -> list[tuple[int, int]]:
    """Orders that nobody has seen, small and large; a message prints the numbers of an order that fails."""
    chance = random.Random()
    return [(chance.randint(100, 50_000), quantity) for quantity in (1, chance.randint(2, 24), chance.randint(25, 900))]


def _ask(attempt: Attempt, price_yen: int, quantity: int) -> Reply:
    return attempt.invoke(FUNCTION, {"price_yen": price_yen, "quantity": quantity})


def _right_yen(price_yen: int, quantity: int) -> int:
    return price_yen * quantity + PARCEL_YEN


def _expect_an_object(attempt: Attempt, reply: Reply, price_yen: int, quantity: int) -> None:
    called, expected = reply.called, f'an object, here {{"total_yen": {_right_yen(price_yen, quantity)}}}'
    attempt.expect(
        reply.payload is not None,
        problem="Your handler returned nothing. Its prints go to the log, and the caller gets only the return value.",
        look_at="the last line of your handler",
        called=called,
        came_back=reply,
        expected=expected,
    )
    attempt.expect(
        not isinstance(reply.payload, str),
        problem="Your handler returned text. Lambda turns what you return into JSON, so return the dict itself.",
        look_at="what your handler does to the dict before it returns it",
        called=called,
        came_back=reply,
        expected=expected,
    )


def _problem(total_yen: object, price_yen: int, quantity: int, replies: list[Reply]) -> tuple[str, str]:
    """Describes the misconception behind this answer, and says where to look."""
    if isinstance(total_yen, str):
        return "The total is text. Callers add up totals, so a total must be a number.", "the value of total_yen"
    if all(reply["total_yen"] == replies[0]["total_yen"] for reply in replies):
        return (
            "Every order gets the same total. The numbers must come from the event.",
            "where your handler reads price and quantity",
        )
    if total_yen == price_yen * quantity:
        return "The parcel is missing from the total.", "what the task says about the parcel"
    if total_yen == (price_yen + PARCEL_YEN) * quantity:
        return (
            "You charge for one parcel per lamp. An order has only one parcel, whatever the quantity.",
            "whether your handler adds the parcel before or after the multiplication",
        )
    if total_yen == price_yen + PARCEL_YEN:
        return "You charge for one lamp, whatever the quantity.", "where your handler uses the quantity"
    return "The total is wrong.", "the line that computes the total"
