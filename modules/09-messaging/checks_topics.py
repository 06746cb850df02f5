"""Checks for module 09, tasks 9.5 and 9.6: a topic with filters, and the tests for a consumer."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.broken_copies import Broken, judge_tests
from serverless_first.lab.functions import fresh_id, messages_in, wait_until
from serverless_first.lab.messages import take_all
from serverless_first.lab.show import say

_chance = random.Random()

# ---- 9.5

QUEUES = ("hikari-accounts", "hikari-web-team", "hikari-insurance")


@task("9.5")
def departments(attempt: Attempt) -> None:
    """Each department gets what it wants, once, as the order's own JSON, and nothing else."""
    sqs, sns = attempt.client("sqs"), attempt.client("sns")
    topics = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    topic = next((arn for arn in topics if arn.endswith(":hikari-placed")), None)
    if topic is None or not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        attempt.not_started("hikari-placed has no subscription yet.")
    urls = {}
    for name in QUEUES:
        try:
            urls[name] = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            attempt.not_started(f"There is no queue {name} yet.")
        take_all(attempt, urls[name])
    orders = [
        (_order(30_000), "shop"),
        (_order(29_999), "web"),
        (_order(_chance.randint(1, 20) * 1000), "phone"),
        (_order(_chance.randint(40, 90) * 1000), "web"),
        (_order(_chance.randint(100, 9_000) * 1000), "shop"),
        (_order(4_800), "shop"),
        (_order(0), "shop"),  # replaces a broken lamp
        (_order(_chance.randint(40, 90) * 1000), "phone"),  # all three want the last order
    ]
    say("9.5: eight orders, published once each ...")
    for order, channel in orders:
        sns.publish(
            TopicArn=topic,
            Message=json.dumps(order),
            MessageAttributes={"channel": {"DataType": "String", "StringValue": channel}},
        )
    orders_of = {
        "hikari-accounts": [order for order, _ in orders],
        "hikari-web-team": [order for order, channel in orders if channel != "shop"],
        "hikari-insurance": [order for order, _ in orders if order["total_yen"] >= 30_000],
    }
    wait_until(lambda: all(messages_in(attempt, urls[name]) >= len(orders_of[name]) for name in QUEUES), 2)
    for name in QUEUES:
        _got(attempt, name, take_all(attempt, urls[name]), orders_of[name], dict(_by_id(orders)))


def _order(yen: int) -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "total_yen": yen, "lamp": _chance.choice(["Tsuki", "Hoshi"])}


def _by_id(orders: list[tuple[dict[str, Any], str]]) -> list[tuple[str, str]]:
    return [(order["order_id"], f"{channel}, {order['total_yen']:,} yen") for order, channel in orders]


def _got(
    attempt: Attempt, name: str, bodies: list[str], orders: list[dict[str, Any]], descriptions: dict[str, str]
) -> None:
    called = "publish eight orders to hikari-placed: " + "; ".join(descriptions.values())
    got = [json.loads(body) for body in bodies]
    attempt.expect(
        not any(isinstance(item, dict) and item.get("Type") == "Notification" for item in got),
        problem=f"{name} gets SNS's envelope, which contains the order as a string. The department reads only orders.",
        called=called,
        came_back=bodies[0] if bodies else "",
        expected=json.dumps(orders[0]),
        look_at="the subscription's attributes, one of which leaves out the envelope",
    )
    ids = [str(item.get("order_id")) for item in got if isinstance(item, dict)]
    right = [order["order_id"] for order in orders]
    came = "; ".join(sorted(descriptions.get(item, "somebody else's order") for item in set(ids))) or "nothing"
    should = "; ".join(sorted(descriptions[item] for item in right))
    extra, missing = set(ids) - set(right), set(right) - set(ids)
    if missing and not ids:
        problem = f"{name} gets nothing at all."
        look_at = (
            "whether the queue is subscribed, and where its filter looks for the value, because there is a "
            "setting for that"
        )
    elif extra and not missing and set(ids) == set(descriptions):
        problem = f"{name} gets every order and has to discard what it does not want. Receiving each copy costs money."
        look_at = "the filter policy of its subscription"
    elif missing:
        problem = f"{name} does not get orders that it wants."
        look_at = "the values and limits in its filter policy"
    else:
        problem = f"{name} gets orders that it does not want."
        look_at = "the values and limits in its filter policy"
    attempt.expect(
        not extra and not missing,
        problem=problem,
        called=called,
        came_back=came,
        expected=should,
        look_at=look_at,
    )


# ---- 9.6

#: The fault of a broken gift.py in words, a text of the right file, and its replacement. Each needs an assertion
#: that the others don't need.
BROKEN = (
    Broken("stores a card for every order", 'if order["gift"]:', "if True:"),
    Broken("stores a card without its text", '"text": order["text"]}', '"text": order["text"] and ""}'),
    Broken(
        "stores a second card over the first card when an order comes again",
        '                    ConditionExpression="attribute_not_exists(order_id)",\n',
        "",
    ),
    Broken(
        "stops at the first message that fails",
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
        '            failures.append({"itemIdentifier": record["messageId"]})\n            break\n',
    ),
    Broken(
        "reports nothing, whatever fails",
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
        "",
    ),
    Broken(
        "reports the order instead of the message", '{"itemIdentifier": record["messageId"]}', '{"itemIdentifier": "2"}'
    ),
    Broken("stores an empty card for an order without text", 'order["text"]', 'order.get("text", "")'),
    Broken(
        "stores an empty card before it reports an order without text",
        '            if order["gift"]:\n',
        '            if order["gift"] and "text" not in order:\n'
        '                gifts.put_item(Item={"order_id": order["order_id"], "text": ""})\n'
        '            if order["gift"]:\n',
    ),
    Broken(
        "reports a repeated order as failed",
        '            print("again:", order["order_id"])\n',
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
    ),
)


@task("9.6")
def gift_tests(attempt: Attempt) -> None:
    """The learner's tests pass on the correct handler and fail on each broken copy."""
    judge_tests(
        attempt,
        "test_gift.py",
        "gift.py",
        BROKEN,
        look_at="the four cases in step 1, and for each of them, the response and the table's contents",
    )
