"""The tests of the task: an order is charged exactly once, whatever SQS, Lambda and the power supply do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kit import ORDER, READS, PowerFailure, Shop, Wrong, unexpected, yen
from moto import mock_aws

NEXT = {"id": "ord-8", "customer": "Aoi", "yen": 1200}
OTHER = {"id": "ord-9", "customer": "Ren", "yen": 7500}
DELIVER = "handler(event) with the message of ord-7"
#: A customer for each call that is disturbed. An answer with more calls for one order is disturbed only at the first.
NAMES = ("Mio", "Sora", "Yui", "Haru", "Rin", "Kai", "Emi", "Jun", "Nao", "Riku", "Saki", "Taro")


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """AWS in memory. All tests share it, because a new one reads boto3's descriptions of the services again."""
    with mock_aws():
        yield


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The shop with one order in the queue: Aoi buys a lamp for 4,800 yen."""
    with pytest.MonkeyPatch.context() as patch:
        opened = Shop(patch)
        opened.send(ORDER)
        yield opened
        opened.close()


def expect(is_right: bool, problem: str, *, called: str, came_back: str, expected: str, look_at: str) -> None:
    """Rejects an answer unless it is right."""
    if not is_right:
        raise Wrong(problem, called=called, came_back=came_back, expected=expected, look_at=look_at)


def test_an_order_is_charged(shop: Shop) -> None:
    unexpected(shop.deliver(shop.environment()), DELIVER)
    bill = shop.bill()
    expect(
        bill == 4800,
        "Your handler doesn't charge the order." if not bill else "Your handler charges a wrong amount.",
        called=DELIVER,
        came_back=yen(bill),
        expected=yen(4800),
        look_at="the item with the customer's name as its id, and its attribute yen",
    )


def test_a_message_that_arrives_twice_is_charged_once(shop: Shop) -> None:
    handler = shop.environment()
    shop.deliver(handler, lose_deletion=True)
    error = shop.deliver(handler)
    called = "handler(event) with the message of ord-7, and again with the same message"
    bill, refused = shop.bill(), any("Condition" in code or "Canceled" in code for _name, code in shop.calls)
    problem = "Your handler charges the customer twice."
    if refused:
        problem = "Your handler noticed the repetition and charged anyway."
    expect(
        bill == 4800,
        problem,
        called=called,
        came_back=yen(bill),
        expected=f"{yen(4800)}, however often the message arrives",
        look_at="the way from the failed condition to the charge"
        if refused
        else "how the handler could know that ord-7 is on the bill already",
    )
    expect(
        error is None and not shop.receive(),
        "Your handler raises an error when a message is repeated, so SQS delivers the message again and again.",
        called=called,
        came_back=f"{type(error).__name__}: {error}" if error else "the message is still in the queue",
        expected="no error: the order is charged, so its message is done",
        look_at="the error of a condition that fails, and whether the handler catches it",
    )


def test_another_environment_knows_what_the_first_one_charged(shop: Shop) -> None:
    shop.deliver(shop.environment(), lose_deletion=True)
    shop.deliver(shop.environment())
    expect(
        shop.bill() == 4800,
        "The second time, the message went to another environment, which charged the customer again.",
        called="handler(event) in one environment, then in another environment with the same message",
        came_back=yen(shop.bill()),
        expected=yen(4800),
        look_at="where the handler remembers an order. Each environment has its own memory, and all share the table",
    )


def test_the_next_order_of_a_customer_is_also_charged(shop: Shop) -> None:
    handler = shop.environment()
    shop.deliver(handler)
    shop.send(NEXT)
    unexpected(shop.deliver(handler), "handler(event) with the next order")
    expect(
        shop.bill() == 6000,
        "The second order of the same customer isn't added to the bill.",
        called="handler(event) with ord-7 for 4,800 yen, then with ord-8 for 1,200 yen, both by Aoi",
        came_back=yen(shop.bill()),
        expected=yen(6000),
        look_at="what the condition asks about: the order or the customer, and whether the write adds or replaces",
    )


def test_a_repetition_does_not_hide_the_orders_behind_it(shop: Shop) -> None:
    handler = shop.environment()
    shop.deliver(handler, lose_deletion=True)
    shop.send(OTHER)
    unexpected(shop.deliver(handler), "handler(event) with a repeated message and a new order")
    expect(
        (shop.bill(), shop.bill("Ren")) == (4800, 7500),
        "Your handler stops at a repeated message, and the new order after it is lost.",
        called="handler(event) with two records: ord-7 for the second time, and Ren's ord-9",
        came_back=f"{yen(shop.bill())}, and {yen(shop.bill('Ren'), 'Ren')}",
        expected=f"{yen(4800)}, and {yen(7500, 'Ren')}",
        look_at="what happens to the loop after a repetition",
    )


def test_an_order_that_the_shop_sends_twice_is_charged_once(shop: Shop) -> None:
    shop.send(ORDER)
    unexpected(shop.deliver(shop.environment()), "handler(event) with ord-7 in two messages")
    expect(
        shop.bill() == 4800,
        "The shop sent the same order twice, and your handler charged it twice.",
        called="handler(event) with two messages, which have different ids and the same order, ord-7",
        came_back=yen(shop.bill()),
        expected=yen(4800),
        look_at="the key by which the handler knows an order again",
    )


def calls_of_a_delivery(shop: Shop) -> int:
    """How many calls to DynamoDB the handler makes for one order, which it then has charged."""
    shop.deliver(shop.environment(), lose_deletion=True)
    return min(len(shop.calls), len(NAMES))


def test_two_environments_at_the_same_time(shop: Shop) -> None:
    count = calls_of_a_delivery(shop)
    for moment in range(count):
        order = {**ORDER, "id": f"ord-1{moment}", "customer": NAMES[moment]}
        _deliver_in_between(shop, order, moment)
        reads = [name for name, _code in shop.calls if name in READS]
        bill = shop.bill(order["customer"])
        expect(
            bill == 4800,
            "Your handler reads first and writes later. In between, another environment charged the same order."
            if reads
            else "While your handler worked, another environment charged the same order.",
            called="handler(event) in two environments: the second ran while the first was about to call "
            f"{shop.calls[moment][0] if moment < len(shop.calls) else 'DynamoDB'}",
            came_back=f"{yen(bill, order['customer'])}; calls: {', '.join(name for name, _code in shop.calls)}",
            expected=yen(4800, order["customer"]),
            look_at="how DynamoDB can check and write in one call: ConditionExpression",
        )


def _deliver_in_between(shop: Shop, order: dict[str, Any], moment: int) -> None:
    """Delivers a message to one environment, and to a second environment just before a certain call of the first."""
    _empty(shop)
    shop.send(order)
    first, second = shop.environment(), shop.environment()
    waiting = [moment]

    def before(_operation: str) -> None:
        waiting[0] -= 1
        if waiting[0] == -1:
            shop.unwatched(lambda: shop.deliver(second, lose_deletion=True))

    shop.before = before
    shop.deliver(first)
    shop.before = lambda _operation: None


def _empty(shop: Shop) -> None:
    """Delivers what is in the queue to a function that does nothing."""
    shop.deliver(lambda _event, _context: None)


def test_a_write_that_fails_is_done_later(shop: Shop) -> None:
    def before(operation: str) -> None:
        if operation not in READS:
            shop.before = lambda _operation: None
            raise boto3_error("ThrottlingException", operation)

    handler = shop.environment()
    shop.before = before
    shop.deliver(handler)
    left = shop.receive()
    shop.deliver(handler)
    bill = shop.bill()
    expect(
        bill == 4800,
        "Your handler hides an error, so SQS deletes the message and nobody charges the order."
        if not left
        else "A write failed, and the next delivery didn't make up for it.",
        called="handler(event) while DynamoDB refuses one write (ThrottlingException), then what is in the queue",
        came_back=f"{yen(bill)}; messages left after the first delivery: {len(left)}",
        expected=f"{yen(4800)}, because the handler fails and SQS delivers the message again",
        look_at="which errors the handler catches. A repetition has its own error",
    )


def boto3_error(code: str, operation: str) -> Exception:
    """The error that boto3 raises when DynamoDB refuses a call."""
    from botocore.exceptions import ClientError

    error: Exception = ClientError(
        {"Error": {"Code": code, "Message": "Too many requests. Try again later."}}, operation
    )
    return error


def test_the_power_may_fail_after_each_call(shop: Shop) -> None:
    count = calls_of_a_delivery(shop)
    for moment in range(count):
        order = {**ORDER, "id": f"ord-2{moment}", "customer": NAMES[moment]}
        _empty(shop)
        shop.send(order)
        _fail_after(shop, moment)
        before_failure = [name for name, _code in shop.calls]
        shop.deliver(shop.environment())
        bill = shop.bill(order["customer"])
        what = "charged twice" if bill else "never charged"
        expect(
            bill == 4800,
            f"The order is {what}, because the power failed between two calls that belong together.",
            called=f"handler(event), with a power failure after {' and '.join(before_failure)}; then the message again",
            came_back=yen(bill, order["customer"]),
            expected=yen(4800, order["customer"]),
            look_at="how one call to DynamoDB can both charge the order and remember it",
        )


def _fail_after(shop: Shop, moment: int) -> None:
    """Delivers what is in the queue to a new environment, which is gone after a certain number of calls."""
    left = [moment]

    def after(_operation: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            shop.before = shop.after  # a handler that catches everything does nothing more either
            raise PowerFailure

    handler = shop.environment()
    shop.after = after
    shop.deliver(handler)
    shop.before = shop.after = lambda _operation: None
