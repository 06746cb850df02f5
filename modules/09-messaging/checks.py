"""Checks for module 09, tasks 9.1 and 9.2: a worker that loses nothing, and a consumer that packs once."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, NotStarted, task
from serverless_first.lab.functions import Scratch, at_once, borrowed, fresh_id, messages_in
from serverless_first.lab.meetings import DYNAMODB_WRITES, meeting
from serverless_first.lab.messages import again, batch, left_alone, numbers, send_all, take_all
from serverless_first.lab.show import say

_chance = random.Random()
LAMPS = ("Tsuki", "Hoshi", "Kumo")
AT_ONCE = 6
WORKER_S = 15  # two workers need about three seconds


# ---- 9.1


@task("9.1")
def worker(attempt: Attempt) -> None:
    """The checkout sends whole orders. Two workers print each label once and lose no order."""
    attempt.invoke("hikari-checkout", {"order_id": fresh_id("ord"), "lamp": "Tsuki", "quantity": 1})
    with Scratch(attempt, like="hikari-checkout") as scratch:
        _checkout(attempt, _queue_of_a_second(attempt, scratch))
        empty = _queue_of_a_second(attempt, scratch)
        reply = attempt.invoke("hikari-worker", {"queue_url": empty})
        attempt.expect(
            reply == {"printed": []},
            problem="Your worker doesn't return an empty list when the queue is empty.",
            called="invoke hikari-worker with an empty queue",
            came_back=reply,
            expected='{"printed": []}',
            look_at="what worker.py returns",
        )
        _power_cut(attempt, empty)
        say("9.1: two workers, twenty-five orders, one without an address ...")
        with borrowed(attempt, "hikari-worker") as restart:
            restart(Timeout=WORKER_S)  # the check waits no longer than this for a worker that never finishes
            _two_workers(attempt, _queue_of_a_second(attempt, scratch))


def _queue_of_a_second(attempt: Attempt, scratch: Scratch) -> str:
    """Creates a queue that hides a message for a second. Returns its URL."""
    url, _ = scratch.queue()
    attempt.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
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
        came_back=f"{len(sent)} messages in the queue that QUEUE_URL names",
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
    came_back = f"{'one label' if printed else 'no label'}, and {left} messages in the queue"
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


def _two_workers(attempt: Attempt, url: str) -> None:
    bad = fresh_id("ord")
    good = [fresh_id("ord") for _ in range(24)]
    # A worker that takes ten at a time has 2.5 s of work. Meanwhile the other worker asks after 1.6 s and after 2.1 s.
    takes_s = [0.25] * 10 + [0.16] * 9 + [0.1] * 5
    orders: list[dict[str, Any]] = [
        {"order_id": order_id, "address": "Nara", "takes_s": each_s}
        for order_id, each_s in zip(good, takes_s, strict=True)
    ]
    orders.insert(12, {"order_id": bad, "takes_s": 0.16})
    send_all(attempt, url, orders)
    answers = at_once(attempt, "hikari-worker", [{"queue_url": url}] * 2)
    printed = numbers(attempt, "hikari-labels", "order_id", "printed", [*good, bad])
    left = messages_in(attempt, url)
    called = (
        "two calls to hikari-worker at the same time, with 25 orders in the queue; one order has no address, "
        "and a label takes up to 0.25 s"
    )
    twice = [order for order in good if printed[order] > 1]
    attempt.expect(
        not twice,
        problem="Labels are printed twice, because a message came back to the queue before its label was printed.",
        called=called,
        came_back=f"{len(twice)} orders have more than one label",
        expected="one label per order",
        look_at="how long a message is hidden, and how long it takes to print everything that one call to "
        "receive_message returns",
    )
    errors = [answer.error for answer in answers if answer.error]
    endless = [error for error in errors if "Timedout" in error]
    attempt.expect(
        not endless,
        problem="Your worker never finished. A failed order comes back when it is no longer hidden. By then, your "
        "worker was still waiting for messages, so the queue always had something for it.",
        called=called,
        came_back=(endless or [""])[0],
        expected="a worker that finishes, and the failed order still in the queue",
        look_at="WaitTimeSeconds, and how long a message is hidden",
    )
    attempt.expect(
        not errors,
        problem="One order without an address stops the worker, and the orders after it wait."
        if any("no address" in error for error in errors)
        else "Your worker failed with an error.",
        called=called,
        came_back=(errors or [""])[0],
        expected="a response, and a label for every other order",
        look_at="what worker.py does when print_label raises an error",
    )
    missing = [order for order in good if not printed[order]]
    attempt.expect(
        not missing,
        problem="The workers stop while orders are left in the queue."
        if left > 1
        else "Orders have left the queue without a label.",
        called=called,
        came_back=f"{len(missing)} orders without a label; {left} messages in the queue",
        expected="a label for each of the 24 orders with an address",
        look_at="how often worker.py asks the queue, and what it does with each message in a response",
    )
    attempt.expect(
        left > 0,
        problem="The order without an address is lost. It has no label, but its message was deleted.",
        called=called,
        came_back="an empty queue",
        expected="its message in the queue",
        look_at="when your worker deletes a message, because an order without a label is not done",
    )
    attempt.expect(
        left == 1,
        problem="Orders whose labels are printed are still in the queue. They will come again and get another label.",
        called=called,
        came_back=f"{left} messages in the queue",
        expected="one, the order without an address",
        look_at="whether your worker deletes each message after printing its label",
    )
    told = sorted(
        order for a in answers for order in (a.payload.get("printed") or [] if isinstance(a.payload, dict) else [])
    )
    attempt.expect(
        told == sorted(good),
        problem="The workers' responses don't list the orders whose labels they printed.",
        called=called,
        came_back=f"{len(told)} orders in the two responses",
        expected=f"{len(good)} orders, each once, and not the order without an address",
        look_at="what goes into the list printed, and when",
    )


# ---- 9.2

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
    reported = isinstance(answer.payload, dict) and bool(answer.payload.get("batchItemFailures"))
    attempt.expect(
        bool(answer.error) or reported,
        problem="An order without a lamp can't be packed, but your function reports success. The order is lost.",
        called=f"invoke {name} with an order without a lamp",
        came_back=json.dumps(answer.payload),
        expected="an error",
        look_at="how your function reads the lamp, because get returns None instead of raising an error"
        if numbers(attempt, "hikari-packages", "order_id", "packed", [order["order_id"]])[order["order_id"]]
        else "which exceptions pack.py catches, because only one of them means that the order is already packed",
    )
    try:
        attempt.invoke(name, batch(order))
    except CheckFailed as failure:
        attempt.fail(
            "An order that failed once fails again, even after it was corrected.",
            called=f"invoke {name} with the same order, corrected",
            came_back=failure.came_back,
            expected="packed 1",
            look_at="what the failed first attempt left behind",
        )
    _packed_once(
        attempt,
        [order["order_id"]],
        "an order without a lamp, and then with the same order, corrected",
        "The order is never packed. The first attempt failed, but marked it as done.",
        look_at="whether the mark comes before the work, and what removes the mark when the work fails",
    )
