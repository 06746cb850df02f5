"""Checks of module 09, tasks 9.5 and 9.6: a topic with filters, the tests of a consumer."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import fresh_id, messages_in, wait_until
from serverless_first.lab.messages import take_all
from serverless_first.lab.pytest_run import (
    FAILED,
    NONE_FOUND,
    PASSED,
    TIMED_OUT,
    PytestRun,
    run_pytest,
    run_pytest_on_copies,
)
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
        (_order(_chance.randint(100, 900) * 1000), "shop"),
        (_order(4_800), "shop"),
    ]
    say("9.5: six orders, published once each ...")
    for order, channel in orders:
        sns.publish(
            TopicArn=topic,
            Message=json.dumps(order),
            MessageAttributes={"channel": {"DataType": "String", "StringValue": channel}},
        )
    wanted = {
        "hikari-accounts": [order for order, _ in orders],
        "hikari-web-team": [order for order, channel in orders if channel != "shop"],
        "hikari-insurance": [order for order, _ in orders if order["total_yen"] >= 30_000],
    }
    wait_until(lambda: all(messages_in(attempt, urls[name]) >= len(wanted[name]) for name in QUEUES), 5)
    for name in QUEUES:
        _got(attempt, name, take_all(attempt, urls[name], wait_s=1), wanted[name], dict(_by_id(orders)))


def _order(yen: int) -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "total_yen": yen, "lamp": _chance.choice(["Tsuki", "Hoshi"])}


def _by_id(orders: list[tuple[dict[str, Any], str]]) -> list[tuple[str, str]]:
    return [(order["order_id"], f"{channel}, {order['total_yen']:,} yen") for order, channel in orders]


def _got(attempt: Attempt, name: str, bodies: list[str], wanted: list[dict[str, Any]], shown: dict[str, str]) -> None:
    called = "publish six orders to hikari-placed: " + "; ".join(shown.values())
    got = [json.loads(body) for body in bodies]
    attempt.expect(
        not any(isinstance(each, dict) and each.get("Type") == "Notification" for each in got),
        problem=f"{name} gets SNS's envelope, with the order as a text in it. Its program reads orders.",
        called=called,
        came_back=bodies[0][:90] + " ..." if bodies else "",
        expected=json.dumps(wanted[0]),
        look_at="the attributes of the subscription: one of them leaves the envelope away",
    )
    ids = [str(each.get("order_id")) for each in got if isinstance(each, dict)]
    right = [order["order_id"] for order in wanted]
    came = "; ".join(sorted(shown.get(each, "an order of somebody else") for each in set(ids))) or "nothing"
    should = "; ".join(sorted(shown[each] for each in right))
    extra, missing = set(ids) - set(right), set(right) - set(ids)
    if missing and not ids:
        problem = f"{name} gets nothing at all."
        look_at = "whether it is subscribed, and where its filter looks for what it wants: there is a setting for that"
    elif extra and not missing and set(ids) == set(shown):
        problem = f"{name} gets every order, and has to throw away what it does not want. Receiving each copy costs."
        look_at = "the filter policy of its subscription"
    elif missing:
        problem = f"{name} does not get orders that it wants."
        look_at = "the values and the borders in its filter policy"
    else:
        problem = f"{name} gets orders that it does not want."
        look_at = "the values and the borders in its filter policy"
    attempt.expect(
        not extra and not missing,
        problem=problem,
        called=called,
        came_back=came,
        expected=should,
        look_at=look_at,
    )
    attempt.expect(
        len(ids) == len(right),
        problem=f"{name} gets an order more than once.",
        called=called,
        came_back=f"{len(ids)} messages",
        expected=f"{len(right)} messages",
        look_at="how many subscriptions the queue has",
    )


# ---- 9.6

#: What a broken gift.py does, the text to replace in the right one, and the text in its place. Each needs an assertion
#: that no other one needs.
BROKEN = (
    ("prints a card for every order", 'if order["gift"]:', "if True:"),
    (
        "prints a second card, over the first one, when an order comes again",
        '                    ConditionExpression="attribute_not_exists(order_id)",\n',
        "",
    ),
    (
        "stops at the first message that fails",
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
        '            failures.append({"itemIdentifier": record["messageId"]})\n            break\n',
    ),
    (
        "reports nothing, whatever fails",
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
        "",
    ),
    ("prints an empty card for an order without a text", 'order["text"]', 'order.get("text", "")'),
    (
        "reports an order that comes again as failed",
        '            print("again:", order["order_id"])\n',
        '            failures.append({"itemIdentifier": record["messageId"]})\n',
    ),
)


@task("9.6")
def gift_tests(attempt: Attempt) -> None:
    """The learner's tests pass on the right handler and fail on each broken one."""
    files = ("test_gift.py", "gift.py")
    for file in files:
        if not Path(file).is_file():
            attempt.not_started(f"There is no {file} yet.")
    right = Path("gift.py").read_text(encoding="utf-8")
    say("9.6: running your tests on gift.py, then on broken copies of it ...")
    _passes(attempt, run_pytest(*files))
    copies = [right.replace(old, new) for _, old, new in BROKEN]
    attempt.expect(
        right not in copies,
        problem="gift.py is not the given one: the check cannot break it.",
        called="reading gift.py",
        came_back="another text",
        expected="the text of the cell above",
        look_at="the cell with gift.py: run it again as it was, your tests go into test_gift.py",
    )
    codes = run_pytest_on_copies(*files, copies=[{"gift.py": copy} for copy in copies])
    missed = [what for (what, _, _), code in zip(BROKEN, codes, strict=True) if code == PASSED]
    called = f"pytest test_gift.py, with each of {len(BROKEN)} broken copies of gift.py"
    attempt.expect(
        len(missed) < len(BROKEN),
        problem="Your tests pass whatever the handler does: nothing in them looks at its answer or at the table.",
        called=called,
        came_back="passed each time",
        expected="a test that fails, each time",
        look_at="what each of your tests asserts",
    )
    attempt.expect(
        not missed,
        problem=f"Your tests do not notice a gift.py that {', or one that '.join(missed)}.",
        called=called,
        came_back=f"passed {len(missed)} times",
        expected="a test that fails, each time",
        look_at="the four cases of step 1: for each the answer, and what is in the table",
    )


def _passes(attempt: Attempt, run: PytestRun) -> None:
    if "NotImplementedError: not started" in run.output:
        attempt.not_started("test_gift.py still raises NotImplementedError.")
    if "RealAwsRefused" in run.output:
        problem = "Your tests reach for the real AWS: a call is made where moto does not answer. It was refused."
        look_at = "which calls stand outside of mock_aws: also those that run when the file is imported"
    elif run.exit_code == NONE_FOUND:
        problem = "pytest finds no test in your file. A file without tests is not a file that passes."
        look_at = "the names of your functions"
    elif run.exit_code == TIMED_OUT:
        problem, look_at = "Your tests do not come to an end.", "the loops in your tests"
    elif run.exit_code == FAILED:
        problem = "Your tests fail on the right gift.py."
        look_at = "what the test expects, and whether each test makes its own table"
    else:
        problem, look_at = "pytest cannot run your file.", "the error that pytest names"
    attempt.expect(
        run.exit_code == PASSED,
        problem=problem,
        called="pytest test_gift.py, with the given gift.py",
        came_back=run.verdicts or run.output[-300:],
        expected="every test passes",
        look_at=look_at,
    )
