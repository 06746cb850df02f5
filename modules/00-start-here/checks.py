"""Checks of module 00."""

from __future__ import annotations

from serverless_first.lab import Attempt, Reply, task

FUNCTION = "hikari-order-total"
PARCEL_YEN = 500
# Orders that the lab does not show. Two have the same goods value, so that the parcel can be told from the goods.
ORDERS = ((1200, 3), (7350, 1), (900, 4), (260, 25))


@task("0.1")
def order_total(attempt: Attempt) -> None:
    """The total is price times quantity, plus one parcel."""
    replies = [
        attempt.invoke(FUNCTION, {"price_yen": price_yen, "quantity": quantity}) for price_yen, quantity in ORDERS
    ]
    again = attempt.invoke(FUNCTION, {"price_yen": ORDERS[0][0], "quantity": ORDERS[0][1]})
    attempt.expect(
        again == replies[0],
        problem="The same order got two different answers. Something in your file changes from call to call.",
        called=f"{again.called}, twice",
        came_back=f"{replies[0]!r}, then {again!r}",
        expected="the same answer for the same order",
        look_at="what your handler changes outside itself: it stays for the next call",
    )
    for reply, (price_yen, quantity) in zip(replies, ORDERS, strict=True):
        right = price_yen * quantity + PARCEL_YEN
        _expect_an_object(attempt, reply)
        total_yen = reply["total_yen"]
        problem, look_at = _problem(total_yen, price_yen, quantity, replies)
        attempt.expect(
            isinstance(total_yen, (int, float)) and not isinstance(total_yen, bool) and total_yen == right,
            problem=problem,
            called=reply.called,
            came_back=reply,
            expected=f'{{"total_yen": {right}}}',
            look_at=f"{look_at}; then, whether you ran the deploy cell after your last change",
        )


def _expect_an_object(attempt: Attempt, reply: Reply) -> None:
    called, expected = reply.called, 'an object, as in {"total_yen": 10100}'
    attempt.expect(
        reply.payload is not None,
        problem="Your handler returned nothing. What it prints goes to the log; the caller gets what it returns.",
        look_at="the last line of your handler",
        called=called,
        came_back=reply,
        expected=expected,
    )
    attempt.expect(
        not isinstance(reply.payload, str),
        problem="Your handler returned text. Lambda makes JSON from what you return, so return the dict itself.",
        look_at="what your handler does to the dict before it returns it",
        called=called,
        came_back=reply,
        expected=expected,
    )


def _problem(total_yen: object, price_yen: int, quantity: int, replies: list[Reply]) -> tuple[str, str]:
    """What went wrong, by the misconception that leads to this answer, and where to look."""
    if isinstance(total_yen, str):
        return "The total is text. A caller wants to add it up, so it must be a number.", "the value of total_yen"
    if all(reply == replies[0].payload for reply in replies):
        return (
            "Every order gets the same total. The numbers must come from the event.",
            "where your handler reads price and quantity",
        )
    if total_yen == price_yen * quantity:
        return "The parcel is missing from the total.", "what the task says of the parcel"
    if total_yen == (price_yen + PARCEL_YEN) * quantity:
        return (
            "You charge a parcel for each lamp. An order is one parcel, whatever its quantity.",
            "where the parcel is added: before or after the multiplication",
        )
    if total_yen == price_yen + PARCEL_YEN:
        return "You charge for one lamp, whatever the quantity.", "where your handler uses the quantity"
    return "The total is wrong.", "the line that works out the total"
