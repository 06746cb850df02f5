"""Checks for module 09, tasks 9.3 and 9.4: batches that fail in part, and the whole pipeline."""

from __future__ import annotations

import contextlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, NotStarted, Reply, task
from serverless_first.lab.functions import fresh_id, messages_in, wait_until
from serverless_first.lab.messages import again, batch, left_alone, numbers, send_all, take_all
from serverless_first.lab.show import say

_chance = random.Random()
LAMPS = ("Tsuki", "Hoshi", "Kumo")
ORDERS, DUPLICATES = 500, 50


def _url(attempt: Attempt, name: str) -> str:
    sqs = attempt.client("sqs")
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        attempt.not_started(f"There is no queue {name} yet.")


def _require_a_mapping(attempt: Attempt, name: str, queue: str) -> dict[str, Any]:
    """The one mapping of a function, which reads that queue."""
    found = attempt.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    sources = [str(mapping["EventSourceArn"]).split(":")[-1] for mapping in found]
    if not sources:
        attempt.not_started(f"{name} doesn't have an event source mapping yet.")
    attempt.expect(
        sources == [queue],
        problem=f"{name} reads a different queue, or several queues.",
        called=f"list_event_source_mappings for {name}",
        came_back=sources,
        expected=[queue],
        look_at="the EventSourceArn of your mapping",
    )
    attempt.expect(
        found[0]["BatchSize"] <= 10,
        problem=f"Lambda may pass more than ten messages to one call of {name}.",
        called=f"list_event_source_mappings for {name}",
        came_back=f"BatchSize {found[0]['BatchSize']}",
        expected="at most ten",
        look_at="the arguments of create_event_source_mapping",
    )
    return dict(found[0])


def _reported(attempt: Attempt, reply: Reply, event: dict[str, Any], bad: set[str], what: str) -> None:
    """The answer names the messages of the bad orders, and no others."""
    failures = reply["batchItemFailures"]
    named = [each.get("itemIdentifier") if isinstance(each, dict) else str(each) for each in failures or []]
    ids = {record["messageId"] for record in event["Records"]}
    called = f"invoke with a batch of {len(ids)} messages: {what}"
    shown = f"{len(named)} failures listed"
    attempt.expect(
        all(isinstance(each, dict) for each in failures or []),
        problem="The list contains bare ids. Lambda can't read it and treats the whole batch as failed.",
        called=called,
        came_back=reply,
        expected='{"batchItemFailures": [{"itemIdentifier": ...}, ...]}, with a dict for each failure',
        look_at="what your function appends to the list",
    )
    attempt.expect(
        set(named) <= ids,
        problem="Your response lists something that is not a message in the batch. Lambda treats the whole batch as "
        "failed.",
        called=called,
        came_back=reply,
        expected="the ids of the messages that failed",
        look_at="which field of a record identifies its message",
    )
    attempt.expect(
        not bad - set(named),
        problem="A message that failed is not reported. Lambda will delete it, so its order is lost.",
        called=called,
        came_back=shown,
        expected=f"{len(bad)} failures, for the messages that can't be handled",
        look_at="what your function does with an exception",
    )
    attempt.expect(
        not set(named) - bad,
        problem="Messages that were handled, or can be, are reported as failed. They will come again.",
        called=called,
        came_back=shown,
        expected=f"{len(bad)} failures, for the messages that can't be handled",
        look_at="which records get into the list",
    )


# ---- 9.3


@task("9.3")
def invoices(attempt: Attempt) -> None:
    """Only failures are reported, by their message ids, and Lambda reads the response."""
    name = "hikari-invoice"
    good = [_order() for _ in range(3)]
    unpriced = {key: value for key, value in _order().items() if key != "price_yen"}
    event = batch(good[0], "not JSON at all", good[1], unpriced, good[2])
    bad = {event["Records"][n]["messageId"] for n in (1, 3)}
    reply = _answer(attempt, name, event)
    _written(attempt, good, "a batch of five, in which the second and fourth messages are broken")
    _reported(attempt, reply, event, bad, "the second and fourth are broken")
    fine = batch(_order(), _order())
    _reported(attempt, _answer(attempt, name, fine), fine, set(), "all are good")
    hopeless = batch("{", "[")
    every = {record["messageId"] for record in hopeless["Records"]}
    _reported(attempt, _answer(attempt, name, hopeless), hopeless, every, "all are broken")
    _connected(attempt, name)


def _order() -> dict[str, Any]:
    price_yen, quantity = _chance.choice([3200, 4800, 9600]), _chance.randint(1, 5)
    return {"order_id": fresh_id("ord"), "price_yen": price_yen, "quantity": quantity}


def _answer(attempt: Attempt, name: str, event: dict[str, Any]) -> Reply:
    try:
        return attempt.invoke(name, event)
    except NotStarted:
        raise
    except CheckFailed as failure:
        attempt.fail(
            "One message that fails makes the whole call fail. The whole batch comes back, including the "
            "messages that were handled.",
            called=f"invoke {name} with a batch of {len(event['Records'])} messages, some of which are broken",
            came_back=failure.came_back,
            expected="a response that lists the messages that failed",
            look_at="what your function does when the work on one record raises an error",
        )


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
    url, sqs = _url(attempt, "hikari-to-invoice"), attempt.client("sqs")
    _require_a_mapping(attempt, name, "hikari-to-invoice")
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
        left > 0,
        problem="The broken message has vanished, even though your function lists it. Lambda didn't read the response.",
        called=called,
        came_back="an empty queue",
        expected="the broken message in the queue, for another attempt",
        look_at="the arguments of create_event_source_mapping",
    )
    attempt.expect(
        left == 1,
        problem="Messages that were handled come back with the broken message.",
        called=called,
        came_back=f"{left} messages in the queue",
        expected="one, the broken message",
        look_at="what your function returns, and the arguments of create_event_source_mapping",
    )


# ---- 9.4


@task("9.4")
def pipeline(attempt: Attempt) -> None:
    """Each of five hundred orders is packed once, and the poison goes to the dead-letter queue and back."""
    name = "hikari-pipeline"
    _pipeline_by_hand(attempt, name)
    orders, dead = _url(attempt, "hikari-orders"), _url(attempt, "hikari-orders-dead")
    dead_arn = _redrive_policy(attempt, orders, dead)
    most = (_require_a_mapping(attempt, name, "hikari-orders").get("ScalingConfig") or {}).get("MaximumConcurrency")
    attempt.expect(
        most == 5,
        problem="At noon, Lambda passes on any number of batches at a time. Hikari's table can handle only five.",
        called=f"list_event_source_mappings for {name}",
        came_back=f"MaximumConcurrency {most}",
        expected="MaximumConcurrency 5",
        look_at="the arguments of create_event_source_mapping",
    )
    client = attempt.client("lambda")
    try:
        client.get_function_configuration(FunctionName="hikari-redrive")
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started("hikari-redrive is not deployed yet.", look_at="steps 4 and 5")
    attempt.client("sqs").set_queue_attributes(QueueUrl=orders, Attributes={"VisibilityTimeout": "4"})
    try:
        take_all(attempt, dead)
        poison = {"order_id": fresh_id("poison"), "lamp": fresh_id("Lamp")}
        _noon(attempt, orders, dead, poison)
        with _catalogue(attempt, name, poison["lamp"]):
            _way_back(attempt, dead_arn, dead, orders, poison)
    finally:
        attempt.client("sqs").set_queue_attributes(QueueUrl=orders, Attributes={"VisibilityTimeout": "60"})


def _pipeline_by_hand(attempt: Attempt, name: str) -> None:
    good, other = ({"order_id": fresh_id("ord"), "lamp": _chance.choice(LAMPS)} for _ in range(2))
    unknown = {"order_id": fresh_id("ord"), "lamp": "Yuki"}
    event = batch(good, good, unknown, "no JSON", other)
    bad = {event["Records"][n]["messageId"] for n in (2, 3)}
    what = "an order twice, an unknown lamp, text that is not JSON, another order"
    _reported(attempt, _answer(attempt, name, event), event, bad, what)
    _reported(attempt, _answer(attempt, name, again(event)), event, bad, f"{what}; all for the second time")
    ids = [order["order_id"] for order in (good, other, unknown)]
    found = list(numbers(attempt, "hikari-packed", "order_id", "packed", ids).values())
    attempt.expect(
        found == [1, 1, 0],
        problem="A repeated order is packed more than once."
        if max(found[:2]) > 1
        else "Not every order is packed."
        if min(found[:2]) < 1
        else "An order for a lamp that is not in the catalog is packed.",
        called=f"invoke {name} with a batch: {what}; then with the same batch again",
        came_back=f"packed {found}",
        expected="packed [1, 1, 0]: the repeated order, the other order, the unknown lamp",
        look_at="what pipeline.py does for each order",
    )
    left_alone(attempt, name, again(event), "hikari-packed", good["order_id"])


def _redrive_policy(attempt: Attempt, orders: str, dead: str) -> str:
    """The ARN of the dead-letter queue."""
    sqs = attempt.client("sqs")
    given = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=["All"])["Attributes"]
    dead_arn = str(sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    called = "get_queue_attributes for hikari-orders"
    attempt.expect(
        "RedrivePolicy" in given,
        problem="Poison messages have nowhere to go. They come back until they expire, and then they are lost.",
        called=called,
        came_back="no RedrivePolicy",
        expected="a redrive policy that points to hikari-orders-dead",
        look_at="the attributes with which you create hikari-orders",
    )
    policy = json.loads(given["RedrivePolicy"])
    attempt.expect(
        policy.get("deadLetterTargetArn") == dead_arn,
        problem="The redrive policy points to a different queue.",
        called=called,
        came_back=str(policy.get("deadLetterTargetArn")).split(":")[-1],
        expected="hikari-orders-dead",
        look_at="deadLetterTargetArn",
    )
    receives = int(policy.get("maxReceiveCount", 0))
    attempt.expect(
        receives == 3,
        problem="An order gets only one attempt, so one slow database call turns a good order into a dead letter."
        if receives == 1
        else "Hikari wants three attempts per order, but your queue allows a different number.",
        called=called,
        came_back=f"maxReceiveCount {receives}",
        expected="maxReceiveCount 3",
        look_at="maxReceiveCount, which says how often a message may be received",
    )
    visibility_s = int(given["VisibilityTimeout"])
    attempt.expect(
        visibility_s == 60,
        problem="The visibility timeout is not six times the function's timeout. A slow batch may be delivered twice.",
        called=called,
        came_back=f"VisibilityTimeout {visibility_s}",
        expected="VisibilityTimeout 60",
        look_at="the attributes with which you create hikari-orders in step 2",
    )
    return dead_arn


def _noon(attempt: Attempt, orders: str, dead: str, poison: dict[str, str]) -> None:
    mine = [{"order_id": fresh_id("noon"), "lamp": _chance.choice(LAMPS)} for _ in range(ORDERS)]
    sent = [*mine, *_chance.sample(mine, DUPLICATES)]
    _chance.shuffle(sent)
    sent.insert(_chance.randrange(30), poison)  # early, because it needs three attempts
    say(f"9.4: {ORDERS} orders, {DUPLICATES} of them twice, and one poison message ...")
    send_all(attempt, orders, sent)
    wait_until(lambda: not messages_in(attempt, orders), 90)
    left = messages_in(attempt, orders)
    packed = numbers(attempt, "hikari-packed", "order_id", "packed")
    counts = Counter(packed.get(order["order_id"], 0) for order in mine)
    letters = _letters(attempt, dead)
    twice = ORDERS - counts[0] - counts[1]
    say(f"packed once: {counts[1]}; never: {counts[0]}; more than once: {twice}; dead letters: {len(letters)}")
    called = f"send {len(sent)} messages to hikari-orders: {ORDERS} orders, {DUPLICATES} duplicates, one poison message"
    look_at = "your function's response, the mapping, and the redrive policy"
    wanted = f"{ORDERS} orders, each packed once, and the poison message as the only dead letter"
    for holds, problem, came_back in (
        (not left, "The queue still isn't empty.", f"{left} messages after 90 s"),
        (not twice, "Orders are packed more than once.", f"{twice} orders that are packed more than once"),
        (
            not counts[0],
            "Good orders have vanished without being packed.",
            f"{counts[0]} orders that are not packed, {len(letters)} dead letters",
        ),
        (
            bool(letters),
            (
                "The poison message has vanished. It is neither packed nor a dead letter, because Lambda believed "
                "that it was handled."
            ),
            "an empty hikari-orders-dead",
        ),
        (letters == [poison], "Good orders are among the dead letters.", f"{len(letters)} dead letters"),
    ):
        attempt.expect(holds, problem=problem, called=called, came_back=came_back, expected=wanted, look_at=look_at)


def _letters(attempt: Attempt, dead: str) -> list[Any]:
    """The messages in the dead-letter queue, which stay there and can be moved."""
    wait_until(lambda: messages_in(attempt, dead) > 0, 2)
    found: dict[str, Any] = {}
    for _ in range(3):
        answer = attempt.client("sqs").receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for message in answer.get("Messages", []):
            found[message["MessageId"]] = json.loads(message["Body"])
    return list(found.values())


@contextlib.contextmanager
def _catalogue(attempt: Attempt, name: str, lamp: str) -> Iterator[None]:
    """Adds a lamp to the pipeline's catalog temporarily."""
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    longer = before | {"LAMPS": f"{before['LAMPS']},{lamp}"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": longer})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def _way_back(attempt: Attempt, dead_arn: str, dead: str, orders: str, poison: dict[str, str]) -> None:
    reply = attempt.invoke("hikari-redrive", {"dead_letters": dead_arn})
    attempt.expect(
        reply == {"started": True},
        problem="hikari-redrive doesn't return what the task asks for.",
        called=reply.called,
        came_back=reply,
        expected='{"started": true}',
        look_at="what redrive.py returns",
    )

    def packed() -> int:
        return numbers(attempt, "hikari-packed", "order_id", "packed", [poison["order_id"]])[poison["order_id"]]

    wait_until(lambda: packed() > 0 and not messages_in(attempt, dead) and not messages_in(attempt, orders), 25)
    found, left = packed(), messages_in(attempt, dead)
    called = "add the lamp to the catalog, then invoke hikari-redrive"
    attempt.expect(
        found == 1,
        problem="The poison order is still not packed, even though its lamp is now in the catalog.",
        called=called,
        came_back=f"packed {found}; {left} dead letters",
        expected="packed 1",
        look_at="whether redrive.py moves anything, because the message is still where it was"
        if left
        else "where redrive.py moves the message to",
    )
    attempt.expect(
        left == 0,
        problem="The message is back in the queue, but it is also still a dead letter. The next redrive will bring "
        "it back again.",
        called=called,
        came_back=f"{left} dead letters",
        expected="none",
        look_at="whether redrive.py copies or moves",
    )
