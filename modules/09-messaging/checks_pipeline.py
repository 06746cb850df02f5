"""Check for module 09, task 9.4: the whole pipeline, with its dead-letter queue and the redrive."""

from __future__ import annotations

import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.batches import batch_reply, expect_mapping, expect_reported
from serverless_first.lab.functions import fresh_id, messages_in, wait_until
from serverless_first.lab.meetings import DYNAMODB_WRITES, refusing
from serverless_first.lab.messages import again, batch, left_alone, numbers, send_all, take_all
from serverless_first.lab.show import say

_chance = random.Random()
LAMPS = ("Tsuki", "Hoshi", "Kumo")
ORDERS, DUPLICATES, VISIBILITY_S = 500, 50, 60
LETTERS = 12  # a response of SQS has at most ten


def _url(attempt: Attempt, name: str) -> str:
    sqs = attempt.client("sqs")
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        attempt.not_started(f"There is no queue {name} yet.")


@task("9.4")
def pipeline(attempt: Attempt) -> None:
    """Each of five hundred orders is packed once, and the poison goes to the dead-letter queue and back."""
    name = "hikari-pipeline"
    attempt.invoke(name, batch())  # says so if there is no function yet
    new_lamp = fresh_id("Lamp")
    with _catalogue(attempt, name, new_lamp):
        _pipeline_by_hand(attempt, name, new_lamp)
    orders, dead = _url(attempt, "hikari-orders"), _url(attempt, "hikari-orders-dead")
    dead_arn = _redrive_policy(attempt, orders, dead)
    most = (expect_mapping(attempt, name, "hikari-orders").get("ScalingConfig") or {}).get("MaximumConcurrency")
    attempt.expect(
        most == 5,
        problem="At noon, Lambda passes on any number of batches at a time. Hikari's table can handle only five."
        if most is None
        else "Hikari wants at most five batches at the same time, but your mapping allows a different number.",
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
    _redrive(attempt)
    with _visibility(attempt, orders) as hide_for_s:
        hide_for_s(4)
        take_all(attempt, dead)
        poison = {"order_id": fresh_id("poison"), "lamp": fresh_id("Lamp")}
        _noon(attempt, orders, dead, poison, hide_for_s)
        with _catalogue(attempt, name, poison["lamp"]):
            _way_back(attempt, dead_arn, dead, orders, poison)


@contextlib.contextmanager
def _visibility(attempt: Attempt, url: str) -> Iterator[Callable[[int], None]]:
    """Lends a queue's visibility timeout: gives a call that sets it, and sets the task's value at the end."""

    def hide_for_s(seconds: int) -> None:
        attempt.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})

    try:
        yield hide_for_s
    finally:
        hide_for_s(VISIBILITY_S)


def _pipeline_by_hand(attempt: Attempt, name: str, new_lamp: str) -> None:
    good = {"order_id": fresh_id("ord"), "lamp": _chance.choice(LAMPS)}
    other = {"order_id": fresh_id("ord"), "lamp": new_lamp}
    unknown = {"order_id": fresh_id("ord"), "lamp": "Yuki"}
    event = batch(good, good, unknown, "no JSON", {"order_id": fresh_id("ord")}, other)
    failing = {event["Records"][n]["messageId"] for n in (2, 3, 4)}
    what = f"an order twice, an unknown lamp, text that is not JSON, an order without a lamp, an order for {new_lamp}"
    reply = batch_reply(attempt, name, event)
    ids = [order["order_id"] for order in (good, other, unknown)]

    def packed(called: str) -> None:
        counts = list(numbers(attempt, "hikari-packed", "order_id", "packed", ids).values())
        attempt.expect(
            counts == [1, 1, 0],
            problem="A repeated order is packed more than once."
            if max(counts[:2]) > 1
            else "An order for a lamp that is not in the catalog is packed."
            if counts[2]
            else f"An order for {new_lamp} is not packed, although LAMPS contains this lamp now."
            if not counts[1]
            else "Not every order is packed.",
            called=called,
            came_back=f"packed {counts}",
            expected="packed [1, 1, 0]: the repeated order, the other order, the unknown lamp",
            look_at="what pipeline.py does for each order, and where it gets the catalog",
        )

    called = f"add {new_lamp} to LAMPS, then invoke {name} with a batch: {what}"
    packed(called)
    expect_reported(attempt, reply, event, failing, what)
    again_reply = batch_reply(attempt, name, again(event))
    packed(f"{called}; then with the same batch again")
    expect_reported(attempt, again_reply, event, failing, f"{what}; all for the second time")
    left_alone(attempt, name, again(event), "hikari-packed", good["order_id"])
    event, busy = (
        batch({"order_id": fresh_id("ord"), "lamp": new_lamp}),
        "an order, while DynamoDB throttles all writes",
    )
    with refusing(attempt, name, DYNAMODB_WRITES, "ProvisionedThroughputExceededException", "The table is busy."):
        reply = batch_reply(attempt, name, event)
    expect_reported(attempt, reply, event, {event["Records"][0]["messageId"]}, busy)


def _redrive_policy(attempt: Attempt, orders: str, dead: str) -> str:
    """The ARN of the dead-letter queue."""
    sqs = attempt.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=["All"])["Attributes"]
    dead_arn = str(sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
    called = "get_queue_attributes for hikari-orders"
    attempt.expect(
        "RedrivePolicy" in attributes,
        problem="Poison messages have nowhere to go. They come back until they expire, and then they are lost.",
        called=called,
        came_back="no RedrivePolicy",
        expected="a redrive policy that points to hikari-orders-dead",
        look_at="the attributes with which you create hikari-orders",
    )
    policy = json.loads(attributes["RedrivePolicy"])
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
        look_at="maxReceiveCount, which says how many times a message may be received",
    )
    visibility_s = int(attributes["VisibilityTimeout"])
    attempt.expect(
        visibility_s == VISIBILITY_S,
        problem="The visibility timeout is not six times the function's timeout. A slow batch may be delivered twice.",
        called=called,
        came_back=f"VisibilityTimeout {visibility_s}",
        expected=f"VisibilityTimeout {VISIBILITY_S}",
        look_at="the attributes with which you create hikari-orders in step 2",
    )
    return dead_arn


def _redrive(attempt: Attempt) -> None:
    """Lets the learner's function redrive another dead-letter queue, with more letters than one response has."""
    sqs, name = attempt.client("sqs"), fresh_id("check")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})[
        "QueueUrl"
    ]
    try:
        send_all(attempt, source, [{"order_id": fresh_id("ord")} for _ in range(LETTERS)])
        wait_until(lambda: not sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10).get("Messages"))
        reply = attempt.invoke("hikari-redrive", {"dead_letters": dead_arn})
        attempt.expect(
            reply == {"started": True},
            problem="hikari-redrive doesn't return what the task asks for.",
            called=reply.called,
            came_back=reply,
            expected='{"started": true}',
            look_at="what redrive.py returns",
        )
        wait_until(lambda: not messages_in(attempt, dead), 2)
        left, back = messages_in(attempt, dead), messages_in(attempt, source)
        attempt.expect(
            not left,
            problem=_not_moved(left, back),
            called=f"{reply.called}, the ARN of another queue with {LETTERS} dead letters",
            came_back=f"{left} dead letters; {back} messages in the queue that they came from",
            expected=f"0 and {LETTERS}",
            look_at="the call in redrive.py that moves messages, and the queue that it names",
        )
        attempt.expect(
            back == LETTERS,
            problem="The dead letters are gone, but they aren't back in the queue that they came from.",
            called=f"{reply.called}, the ARN of another queue with {LETTERS} dead letters",
            came_back=f"{back} messages in the queue that they came from",
            expected=str(LETTERS),
            look_at="where redrive.py moves the messages to",
        )
    finally:
        for url in (source, dead):
            sqs.delete_queue(QueueUrl=url)


def _not_moved(left: int, back: int) -> str:
    """The problem, in words, if dead letters are left."""
    if not back:
        return "hikari-redrive moves nothing from the dead-letter queue that its event names."
    if left + back > LETTERS:
        return (
            "Messages are back in the queue, but they are also still dead letters. The next redrive will bring them "
            "back again."
        )
    return "hikari-redrive moves only some of the dead letters."


def _noon(attempt: Attempt, orders: str, dead: str, poison: dict[str, str], hide_for_s: Callable[[int], None]) -> None:
    mine = [{"order_id": fresh_id("noon"), "lamp": _chance.choice(LAMPS)} for _ in range(ORDERS)]
    sent = [*mine, *_chance.sample(mine, DUPLICATES)]
    _chance.shuffle(sent)
    sent.insert(_chance.randrange(30), poison)  # early, because it needs three attempts
    say(f"9.4: {ORDERS} orders, {DUPLICATES} of them twice, and one poison message ...")
    send_all(attempt, orders, sent)
    # Once only the poison is left, nothing needs four seconds.
    if wait_until(lambda: messages_in(attempt, orders) <= 1, 90):
        hide_for_s(1)
    wait_until(lambda: not messages_in(attempt, orders), 20)
    left = messages_in(attempt, orders)
    packed = numbers(attempt, "hikari-packed", "order_id", "packed")
    counts = Counter(packed.get(order["order_id"], 0) for order in mine)
    letters = _letters(attempt, dead)
    twice = ORDERS - counts[0] - counts[1]
    say(f"packed once: {counts[1]}; never: {counts[0]}; more than once: {twice}; dead letters: {len(letters)}")
    called = f"send {len(sent)} messages to hikari-orders: {ORDERS} orders, {DUPLICATES} duplicates, one poison message"
    look_at = "your function's response, the mapping, and the redrive policy"
    expectation = f"{ORDERS} orders, each packed once, and the poison message as the only dead letter"
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
        attempt.expect(
            holds, problem=problem, called=called, came_back=came_back, expected=expectation, look_at=look_at
        )


def _letters(attempt: Attempt, dead: str) -> list[Any]:
    """The messages in the dead-letter queue, which stay there and can be moved."""
    wait_until(lambda: messages_in(attempt, dead) > 0, 2)
    bodies: dict[str, Any] = {}
    for _ in range(3):
        answer = attempt.client("sqs").receive_message(QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for message in answer.get("Messages", []):
            bodies[message["MessageId"]] = json.loads(message["Body"])
    return list(bodies.values())


@contextlib.contextmanager
def _catalogue(attempt: Attempt, name: str, lamp: str) -> Iterator[None]:
    """Adds a lamp to the pipeline's catalog temporarily."""
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    longer = before | {"LAMPS": f"{before.get('LAMPS', '')},{lamp}"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": longer})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def _way_back(attempt: Attempt, dead_arn: str, dead: str, orders: str, poison: dict[str, str]) -> None:
    attempt.invoke("hikari-redrive", {"dead_letters": dead_arn})

    def packed() -> int:
        return numbers(attempt, "hikari-packed", "order_id", "packed", [poison["order_id"]])[poison["order_id"]]

    wait_until(lambda: packed() > 0 and not messages_in(attempt, dead) and not messages_in(attempt, orders), 15)
    packages, left = packed(), messages_in(attempt, dead)
    called = "add the lamp to the catalog, then invoke hikari-redrive"
    attempt.expect(
        packages == 1,
        problem="The poison order is still not packed, even though its lamp is now in the catalog.",
        called=called,
        came_back=f"packed {packages}; {left} dead letters",
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
