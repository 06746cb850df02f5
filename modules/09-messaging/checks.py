"""Check for module 09, task 9.1: a checkout that sends whole orders, and a worker that loses none."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import Answer, Scratch, at_once, fresh_id, messages_in
from serverless_first.lab.messages import numbers, send_all, take_all
from serverless_first.lab.show import say

_chance = random.Random()
LAMPS = ("Tsuki", "Hoshi", "Kumo")
RECEIVES = 10  # a worker that finishes receives a failed order less often: each time, it is hidden for a while
#: Texts of the errors that print_label raises in the check.
FROM_PRINTER = ("has no address", "cannot be interpreted", "ValidationException")


@task("9.1")
def worker(attempt: Attempt) -> None:
    """The checkout sends whole orders. Two workers print each label once and lose no order."""
    attempt.invoke("hikari-checkout", {"order_id": fresh_id("ord"), "lamp": "Tsuki", "quantity": 1})
    with Scratch(attempt, like="hikari-checkout") as scratch:
        _checkout(attempt, _queue_of_a_second(attempt, scratch))
        _power_cut(attempt, _queue_of_a_second(attempt, scratch))
        say("9.1: two workers, twenty-seven orders, three that print_label can't print ...")
        _two_workers(attempt, scratch)


def _queue_of_a_second(attempt: Attempt, scratch: Scratch, dead_arn: str = "") -> str:
    """Creates a queue that hides a message for a second. Returns its URL.

    Args:
        dead_arn: the queue that gets what has been received RECEIVES times.
    """
    url, _ = scratch.queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": RECEIVES})
    attributes = {"VisibilityTimeout": "1"} | ({"RedrivePolicy": policy} if dead_arn else {})
    attempt.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return url


@contextlib.contextmanager
def _variables(attempt: Attempt, name: str, **changed: str) -> Iterator[None]:
    """Changes environment variables of a function, and puts them back."""
    client = attempt.client("lambda")
    before = (client.get_function_configuration(FunctionName=name).get("Environment") or {}).get("Variables") or {}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": before | changed})
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def _checkout(attempt: Attempt, url: str) -> None:
    with _variables(attempt, "hikari-checkout", QUEUE_URL=url):
        order = {
            "order_id": fresh_id("ord"),
            "lamp": _chance.choice(LAMPS),
            "quantity": _chance.randint(2, 9),
            "address": "京都 6-1",
        }
        reply = attempt.invoke("hikari-checkout", order)
    attempt.expect(
        reply == {"accepted": order["order_id"]},
        problem="The checkout doesn't return what the shop expects.",
        called=reply.called,
        came_back=reply,
        expected=json.dumps({"accepted": order["order_id"]}),
        look_at="what checkout.py returns",
    )
    sent = take_all(attempt, url)
    attempt.expect(
        len(sent) == 1,
        problem="The checkout says that it accepted an order, but the order isn't in the queue."
        if not sent
        else "The checkout sends an order more than once.",
        called=reply.called,
        came_back=f"{_messages(len(sent))} in the queue that QUEUE_URL names",
        expected="one message",
        look_at="the call in checkout.py that sends the order, and the queue that it names",
    )
    try:
        body = json.loads(sent[0])
    except ValueError:
        body = None
    attempt.expect(
        body is not None,
        problem="The message's body is not JSON, so no consumer can read it.",
        called=reply.called,
        came_back=sent[0],
        expected="the order as JSON",
        look_at="how checkout.py turns the order into a string",
    )
    attempt.expect(
        body == order,
        problem="The message doesn't contain the whole order, and its consumer can't ask the shop for the rest.",
        called=reply.called,
        came_back=sent[0],
        expected=json.dumps(order, ensure_ascii=False),
        look_at="what checkout.py puts in the body",
    )


def _power_cut(attempt: Attempt, url: str) -> None:
    before, order = ({"order_id": fresh_id("ord"), "address": "Nara"} for _ in range(2))
    send_all(attempt, url, [before, order | {"power_fails": True}])
    at_once(attempt, "hikari-worker", [{"queue_url": url}])
    left = messages_in(attempt, url)
    (printed,) = numbers(attempt, "hikari-labels", "order_id", "printed", [before["order_id"]]).values()
    called = "invoke hikari-worker with two orders; the program dies while print_label prints the second label"
    came_back = f"{'one label' if printed else 'no label'}, and {_messages(left)} in the queue"
    attempt.expect(
        left >= 2 - printed,
        problem="An order is lost. The power failed while its label was being printed, but its message had already "
        "been deleted.",
        called=called,
        came_back=came_back,
        expected="each order has its label, or its message is still in the queue",
        look_at="which your worker does first, the work or the delete",
    )
    attempt.expect(
        left <= 2 - printed,
        problem="Orders whose labels are printed are still in the queue after a power failure. They will come again "
        "and get another label.",
        called=called,
        came_back=came_back,
        expected="one label, and one message in the queue, for the second order",
        look_at="how much work your worker does between printing a label and deleting its message",
    )


def _two_workers(attempt: Attempt, scratch: Scratch) -> None:
    """Runs two workers on a queue with good orders and three that fail, each in its own way, and one on an empty queue.

    A worker that never finishes would receive a failed order for ever. It goes to another queue instead, so that the
    check doesn't wait for the worker's timeout.
    """
    dead_url, dead_arn = scratch.queue()
    url, empty = _queue_of_a_second(attempt, scratch, dead_arn), _queue_of_a_second(attempt, scratch)
    good = [fresh_id("ord") for _ in range(24)]
    # A worker that takes ten at a time has 2.5 s of work. Meanwhile the other worker asks after 1.6 s and after 2.1 s.
    takes_s = [0.25] * 10 + [0.16] * 9 + [0.1] * 5
    orders: list[dict[str, Any]] = [
        {"order_id": order_id, "address": "Nara", "takes_s": each_s}
        for order_id, each_s in zip(good, takes_s, strict=True)
    ]
    orders.insert(12, {"order_id": fresh_id("ord"), "takes_s": 0.16})  # a ValueError
    orders.insert(20, {"order_id": fresh_id("ord"), "address": "Nara", "takes_s": "a moment"})  # a TypeError
    orders.append({"order_id": "", "address": "Nara", "takes_s": 0})  # DynamoDB refuses the empty key
    send_all(attempt, url, orders)
    *answers, idle = at_once(attempt, "hikari-worker", [{"queue_url": url}] * 2 + [{"queue_url": empty}])
    _idle(attempt, idle, empty)
    printed = numbers(attempt, "hikari-labels", "order_id", "printed", good)
    left, endless = messages_in(attempt, url), messages_in(attempt, dead_url)
    called = (
        "two calls to hikari-worker at the same time, with 27 orders in the queue; for three of them, print_label "
        "raises an error, and a label takes up to 0.25 s"
    )
    _each_once(attempt, called, printed)
    _finished(attempt, called, answers, is_endless=bool(endless))
    _nothing_lost(attempt, called, printed, left, failing=len(orders) - len(good))
    report = sorted(
        order for a in answers for order in (a.payload.get("printed") or [] if isinstance(a.payload, dict) else [])
    )
    attempt.expect(
        report == sorted(good),
        problem="The workers' responses don't list the orders whose labels they printed.",
        called=called,
        came_back=f"{len(report)} orders in the two responses",
        expected=f"{len(good)} orders, each once, and none of the three that failed",
        look_at="what goes into the list printed, and when",
    )


def _idle(attempt: Attempt, answer: Answer, url: str) -> None:
    """Expects an empty list from a worker whose queue is empty."""
    if answer.error:
        attempt.invoke("hikari-worker", {"queue_url": url})  # fails, and says in which line
    attempt.expect(
        answer.payload == {"printed": []},
        problem="Your worker doesn't return an empty list when the queue is empty.",
        called="invoke hikari-worker with an empty queue",
        came_back=answer.error or json.dumps(answer.payload),
        expected='{"printed": []}',
        look_at="what worker.py returns",
    )


def _each_once(attempt: Attempt, called: str, printed: dict[str, int]) -> None:
    twice = sum(labels > 1 for labels in printed.values())
    attempt.expect(
        not twice,
        problem="Labels are printed twice, because a message came back to the queue before its label was printed.",
        called=called,
        came_back=f"{twice} {'order has' if twice == 1 else 'orders have'} more than one label",
        expected="one label per order",
        look_at="how long a message is hidden, and how long it takes to print everything that one call to "
        "receive_message returns",
    )


def _finished(attempt: Attempt, called: str, answers: list[Answer], *, is_endless: bool) -> None:
    """Expects that both workers have ended without an error, although orders failed."""
    errors = [answer.error for answer in answers if answer.error]
    timed_out = [error for error in errors if "Timedout" in error]
    attempt.expect(
        not is_endless and not timed_out,
        problem="Your worker never finished. A failed order comes back when it is no longer hidden. By then, your "
        "worker was still waiting for messages, so the queue always had something for it.",
        called=called,
        came_back=(timed_out or [f"a failed order, for the {RECEIVES}th time"])[0],
        expected="a worker that finishes, and the failed orders still in the queue",
        look_at="WaitTimeSeconds, and how long a message is hidden",
    )
    from_printer = [error for error in errors if any(text in error for text in FROM_PRINTER)]
    attempt.expect(
        not errors,
        problem="An order that print_label can't print stops the worker, and the orders after it wait."
        if from_printer
        else "Your worker failed with an error.",
        called=called,
        came_back=(from_printer or errors or [""])[0],
        expected="a response, and a label for every other order",
        look_at="what worker.py does when print_label raises an error, whatever its class",
    )


def _nothing_lost(attempt: Attempt, called: str, printed: dict[str, int], left: int, *, failing: int) -> None:
    """Expects a label for each good order, and the orders that failed in the queue."""
    missing = sum(not labels for labels in printed.values())
    attempt.expect(
        not missing,
        problem="The workers stop while orders are left in the queue."
        if left > failing
        else "Orders have left the queue without a label.",
        called=called,
        came_back=f"{missing} {'order' if missing == 1 else 'orders'} without a label; {_messages(left)} in the queue",
        expected="a label for each of the 24 orders that print_label can print",
        look_at="how often worker.py asks the queue, and what it does with each message in a response",
    )
    attempt.expect(
        left >= failing,
        problem="An order is lost. It has no label, but its message was deleted.",
        called=called,
        came_back=f"{_messages(left)} in the queue",
        expected=f"{failing}, the orders that failed, whatever their errors",
        look_at="when your worker deletes a message, because an order without a label is not done",
    )
    attempt.expect(
        left == failing,
        problem="Orders whose labels are printed are still in the queue. They will come again and get another label.",
        called=called,
        came_back=f"{_messages(left)} in the queue",
        expected=f"{failing}, the orders that failed",
        look_at="whether your worker deletes each message after printing its label",
    )


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"
