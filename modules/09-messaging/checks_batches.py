"""Check for module 09, task 9.3: a function that reports the messages that failed."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.batches import batch_reply, expect_mapping, expect_reported
from serverless_first.lab.functions import fresh_id, messages_in, wait_until
from serverless_first.lab.messages import batch, numbers, send_all
from serverless_first.lab.show import say

_chance = random.Random()


@task("9.3")
def invoices(attempt: Attempt) -> None:
    """Only failures are reported, by their message ids, and Lambda reads the response."""
    name = "hikari-invoice"
    good = [_order() for _ in range(3)]
    unpriced = {key: value for key, value in _order().items() if key != "price_yen"}
    nameless = _order() | {"order_id": ""}  # DynamoDB refuses an empty key
    uncounted = _order() | {"quantity": None}
    event = batch(good[0], "not JSON at all", good[1], unpriced, nameless, uncounted, good[2])
    failing = {event["Records"][n]["messageId"] for n in (1, 3, 4, 5)}
    reply = batch_reply(attempt, name, event)
    _written(attempt, good, "a batch of seven, in which four messages are broken, each in its own way")
    expect_reported(attempt, reply, event, failing, "the second and the fourth to sixth are broken")
    fine = batch(_order(), _order())
    expect_reported(attempt, batch_reply(attempt, name, fine), fine, set(), "all are good")
    hopeless = batch("{", "[")
    every = {record["messageId"] for record in hopeless["Records"]}
    expect_reported(attempt, batch_reply(attempt, name, hopeless), hopeless, every, "all are broken")
    _connected(attempt, name)


def _order() -> dict[str, Any]:
    price_yen, quantity = _chance.choice([3200, 4800, 9600]), _chance.randint(1, 5)
    return {"order_id": fresh_id("ord"), "price_yen": price_yen, "quantity": quantity}


def _written(attempt: Attempt, orders: list[dict[str, Any]], called: str) -> None:
    written = numbers(attempt, "hikari-invoices", "order_id", "written", [order["order_id"] for order in orders])
    attempt.expect(
        all(written.values()),
        problem="A broken message keeps good messages from being handled. The orders after it have no invoice.",
        called=f"invoke hikari-invoice with {called}",
        came_back=f"{sum(not count for count in written.values())} of {len(written)} good orders have no invoice",
        expected="an invoice for each good order",
        look_at="where your loop continues after a failure",
    )
    attempt.expect(
        set(written.values()) == {1},
        problem="An order in the batch gets more than one invoice in a single call.",
        called=f"invoke hikari-invoice with {called}",
        came_back=f"invoices {sorted(written.values())}",
        expected="one invoice for each good order",
        look_at="how often your function calls write_invoice per record",
    )


def _connected(attempt: Attempt, name: str) -> None:
    expect_mapping(attempt, name, "hikari-to-invoice")
    sqs = attempt.client("sqs")
    url = sqs.get_queue_url(QueueName="hikari-to-invoice")["QueueUrl"]
    before, good = messages_in(attempt, url), [_order(), _order()]
    say("9.3: two good orders and a broken order, through your queue ...")
    try:
        send_all(attempt, url, [good[0], "not JSON at all", good[1]])
        ids = [order["order_id"] for order in good]
        done = wait_until(lambda: all(numbers(attempt, "hikari-invoices", "order_id", "written", ids).values()), 20)
        wait_until(lambda: messages_in(attempt, url) <= before + 1, 5)
        left = messages_in(attempt, url) - before
    finally:
        with contextlib.suppress(sqs.exceptions.PurgeQueueInProgress):
            sqs.purge_queue(QueueUrl=url)  # the broken message would come again and again
    called = "send three messages to hikari-to-invoice; the second is broken"
    attempt.expect(
        done,
        problem="Good orders in the queue get no invoice.",
        called=called,
        came_back="no invoice after 20 s",
        expected="two invoices",
        look_at="the mapping of step 2, and the function's log",
    )
    attempt.expect(
        left == 1,
        problem="Messages that were handled come back with the broken message."
        if left
        else "The broken message has vanished, so its order is lost.",
        called=called,
        came_back=f"{left} {'message' if left == 1 else 'messages'} in the queue",
        expected="one, the broken message",
        look_at="what your function returns, and the arguments of create_event_source_mapping",
    )
