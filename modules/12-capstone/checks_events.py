"""Checks of module 12, task 12.4: events, and what the customer sees."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serverless_cloud.notebook import leftovers
from serverless_first.course.words import count
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.show import say
from serverless_first.lab.whole_events import (
    BUS,
    MEET_S,
    NEWS,
    PROJECTOR,
    SOURCE,
    Eavesdropper,
    error_in,
    expect_rights,
    message,
    settings,
)
from serverless_first.lab.whole_shop import FILES, Whole, deployed, log_of, order

MANY = 12  # put_events takes ten
TROUBLE = "not projected|rror|Task timed out"


@task("12.4")
def each_status(attempt: Attempt) -> None:
    """A customer sees each status of an order; an event that comes late, twice or beside another changes nothing."""
    outputs = ["ApiUrl", "Worker", "Provider", "Projector", "ProjectionTable", "ChangesQueueUrl", "PaymentMachineArn"]
    with tempfile.TemporaryDirectory(dir=leftovers.scratch(), ignore_cleanup_errors=True) as folder:
        ear = Eavesdropper(Path(folder))
        whole = deployed(attempt, FILES["12.4"], outputs, instead=ear.behind(NEWS, PROJECTOR))
        settings(whole)
        with whole.paused("Provider"):
            say("12.4: orders are announced ...")
            for number in (1, MANY):  # the first call is a cold start
                _announced(whole, ear, number)
            _nothing_to_announce(whole, ear)
            _not_announced(whole, ear)
        say("12.4: events come late, twice, and two at once ...")
        _each_status(whole)
        _late(whole)
        _fails(whole, ear)
        _at_once(whole, ear.room)
        expect_rights(whole, ear.operations())
        say("12.4: two orders, from the front door to the customer ...")
        _whole_way(whole)
    say("12.4: the customer sees the right status, no matter what comes late.")


# ---- the events of news.py


def _announced(whole: Whole, ear: Eavesdropper, number: int) -> None:
    """A batch of orders, each announced once, also if there are more than one call of put_events takes."""
    attempt, orders = whole.attempt, [order() for _ in range(number)]
    called = f"invoke Worker with a batch of {count(number, 'order')}"
    good, came_back = whole.hand("Worker", *(record(json.dumps(message)) for message in orders))
    calls = ear.calls()
    error, line = error_in(came_back)
    sizes = f"a call to put_events with {count(len(calls[-1]), 'event')}, then " if calls else ""
    attempt.expect(
        good,
        problem="A large batch causes an error in your worker."
        if max(map(len, calls), default=0) > 10
        else "Announcing accepted orders causes an error in your worker.",
        called=called,
        came_back=f"{sizes}{error}",
        expected="no error",
        look_at=line or NEWS,
    )
    entries = [entry for call in calls for entry in call]
    attempt.expect(
        bool(entries),
        problem="Nobody announces that an order is accepted.",
        called=called,
        came_back=f"no event for the bus; {log_of(whole, 'Worker', 'rror') or came_back}",
        expected=f"{count(number, 'event')}",
        look_at=f"{NEWS}, and where your worker calls news.accepted",
    )
    for entry in entries:
        _entry(whole, entry, called)
    sent = Counter(json.loads(entry["Detail"])["order_id"] for entry in entries)
    missing = [message["order_id"] for message in orders if not sent[message["order_id"]]]
    attempt.expect(
        not missing,
        problem="Not every order of a large batch is announced.",
        called=called,
        came_back=f"{number - len(missing)} of {count(number, 'order')} announced, with {_sizes(calls)} in the calls",
        expected="an event for each order",
        look_at=f"{NEWS}, and how many events one call to put_events takes",
    )
    attempt.expect(
        max(sent.values()) == 1,
        problem="An order of a large batch is announced more than once.",
        called=called,
        came_back=f"{sum(sent.values())} events for {count(number, 'order')}, with {_sizes(calls)} in the calls",
        expected="an event for each order",
        look_at=f"how {NEWS} divides the orders among its calls",
    )


def _sizes(calls: list[list[Any]]) -> str:
    return ", ".join(str(len(call)) for call in calls)


def _entry(whole: Whole, entry: dict[str, Any], called: str, bus: str = BUS) -> None:
    """The event is for the bus, and says what the text asks for."""
    name = str(entry.get("EventBusName", "default")).rpartition("/")[2]
    try:
        detail = json.loads(str(entry.get("Detail")))
    except ValueError:
        detail = entry.get("Detail")
    expectation = {
        "EventBusName": (name == bus, f"{bus}, the value of the variable BUS"),
        "Source": (entry.get("Source") == SOURCE, SOURCE),
        "DetailType": (entry.get("DetailType") == "OrderAccepted", "OrderAccepted"),
        "Detail": (isinstance(detail, dict) and isinstance(detail.get("order_id"), str), '{"order_id": ...} as JSON'),
    }
    for field, (right, expected) in expectation.items():
        whole.attempt.expect(
            right,
            problem=f"The event of an accepted order has the wrong {field}.",
            called=called,
            came_back=f"{field}: {readable(entry.get(field, 'nothing'))}",
            expected=expected,
            look_at=f"{NEWS}, and step 1",
        )


def _nothing_to_announce(whole: Whole, ear: Eavesdropper) -> None:
    with ear.failing("no payments"):
        good, came_back = whole.hand("Worker", record(json.dumps(order())))
    error, line = error_in(came_back)
    whole.attempt.expect(
        all(ear.calls()) and (good or not line.startswith(NEWS)),
        problem="A batch without an accepted order causes an error in functions/news.py.",
        called="invoke Worker with one order that Step Functions does not start, so news.accepted gets an empty list",
        came_back=error,
        expected="no call to put_events, which rejects an empty list",
        look_at="what functions/news.py does when there is nothing to announce",
    )


def _not_announced(whole: Whole, ear: Eavesdropper) -> None:
    """EventBridge rejects an event, throttles, breaks, and can't be reached: the orders must come again."""
    failures = {
        "rejected": (11, "put_events returns a FailedEntryCount of 1", "what put_events returns"),
        "throttled": (1, "put_events raises ThrottlingException", "which errors functions/news.py swallows"),
        "broken": (1, "put_events raises InternalException", "which errors functions/news.py swallows"),
        "unreachable": (1, "put_events raises ConnectTimeoutError", "which errors functions/news.py swallows"),
    }
    for kind, (number, what, look_at) in failures.items():
        orders = [order() for _ in range(number)]
        records = {message["order_id"]: record(json.dumps(message)) for message in orders}
        with ear.failing(kind):
            good, came_back = whole.hand("Worker", *records.values())
        sent = {json.loads(entry["Detail"])["order_id"] for call in ear.calls() for entry in call}
        refused = {json.loads(entry["Detail"])["order_id"] for entry in ear.rejected()} or set(records)
        lost = [id for id in refused - sent if good and records[id]["messageId"] not in came_back]
        whole.attempt.expect(
            not lost,
            problem="EventBridge does not take an event, but your worker reports the order as done. The customer "
            "never sees that it is accepted.",
            called=f"invoke Worker with {count(number, 'order')}, while {what}",
            came_back=came_back,
            expected="a failure, so that the order's message comes back, or a second call that succeeds",
            look_at=f"{look_at}, and what your worker does if news.accepted fails",
        )
    _another_bus(whole, ear)


def _another_bus(whole: Whole, ear: Eavesdropper) -> None:
    called = "set the variable BUS of Worker to another bus, then invoke Worker with an order"
    with _variable(whole, "Worker", "BUS", "hikari-of-the-check"):
        whole.hand("Worker", record(json.dumps(order())))
    for call in ear.calls():
        for entry in call:
            _entry(whole, entry, called, bus="hikari-of-the-check")


@contextlib.contextmanager
def _variable(whole: Whole, function: str, name: str, value: str) -> Iterator[None]:
    """While the block runs, a variable of a function's environment has another value."""
    functions = whole.shop.client("lambda")
    before = functions.get_function_configuration(FunctionName=whole[function])["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=whole[function], Environment={"Variables": before | {name: value}}
    )
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=whole[function], Environment={"Variables": before})


# ---- the projector


def _each_status(whole: Whole) -> None:
    """The events of two orders, in their order, straight to the projector."""
    first, second = order()["order_id"], order()["order_id"]
    for kind, order_id, status in (
        ("OrderAccepted", first, "accepted"),
        ("OrderPaid", first, "paid"),
        ("OrderAccepted", second, "accepted"),
        ("OrderCancelled", second, "cancelled"),
    ):
        called = f"invoke Projector with the event {kind}"
        mine = message(kind, order_id)
        good, came_back = whole.hand("Projector", mine)
        error, line = error_in(came_back)
        whole.attempt.expect(
            good and mine["messageId"] not in came_back,
            problem=f"The event {kind} causes an error in your projector.",
            called=called,
            came_back=f"{error} {log_of(whole, 'Projector', TROUBLE, most=1)}",
            expected="no error",
            look_at=line or PROJECTOR,
        )
        answer = whole.get(order_id)
        whole.attempt.expect(
            answer.has({"status": status}),
            problem=f"The customer never sees that an order is {status}.",
            called=f"{called}, then {answer.called}",
            came_back=str(answer),
            expected=f'200 and the status "{status}"',
            look_at="what functions/projector.py writes, and what it does if an item already exists",
        )


def _late(whole: Whole) -> None:
    """Late and repeated events. The worker announces a repeated order again, so its late event has a later time."""
    attempt = whole.attempt
    first, second = order()["order_id"], order()["order_id"]
    whole.hand("Projector", message("OrderPaid", first), message("OrderCancelled", second))
    late = [message("OrderAccepted", id) for id in (first, second, first)]
    good, came_back = whole.hand("Projector", *late)
    called = "invoke Projector with OrderPaid and OrderCancelled, then with OrderAccepted for both orders"
    statuses = [whole.get(first), whole.get(second)]
    attempt.expect(
        statuses[0].has({"status": "paid"}) and statuses[1].has({"status": "cancelled"}),
        problem="A late event overwrites a newer status. The customer has paid, but sees that nothing has happened.",
        called=called,
        came_back=f"{statuses[0]}, {statuses[1]}",
        expected="paid, and cancelled",
        look_at="under what condition your projector writes",
    )
    twice, again = whole.hand("Projector", message("OrderPaid", first), message("OrderCancelled", second))
    failures = (came_back + again).count("itemIdentifier")
    attempt.expect(
        good and twice and not failures,
        problem="A late event causes an error in your projector. The event comes back again and again, then "
        "becomes a dead letter.",
        called=f"{called}, and then with OrderPaid and OrderCancelled again",
        came_back=f"{count(failures, 'failed message')}; {log_of(whole, 'Projector', TROUBLE, most=1)}",
        expected="no failed message, because there is nothing to do",
        look_at="what your projector does when its condition isn't met",
    )


def _fails(whole: Whole, ear: Eavesdropper) -> None:
    """The table is throttled, broken or gone, or can't be reached: the event must come again."""
    for kind, error in (
        ("throttled", "ProvisionedThroughputExceededException"),
        ("broken", "InternalServerError"),
        ("missing", "ResourceNotFoundException"),
        ("unreachable", "ConnectTimeoutError"),
    ):
        mine = message("OrderPaid", order()["order_id"])
        with ear.failing(kind):
            good, came_back = whole.hand("Projector", mine)
        whole.attempt.expect(
            not good or mine["messageId"] in came_back,
            problem="An event that could not be written counts as done, so the customer never sees the new status.",
            called=f"invoke Projector with the event OrderPaid, while each call to DynamoDB ends with {error}",
            came_back=came_back,
            expected="a failure, so that the event comes back",
            look_at="which errors functions/projector.py swallows",
        )


def _at_once(whole: Whole, room: Path) -> None:
    """Two environments each have an event of the same order. One changes the item that the other has read."""
    id = order()["order_id"]
    paid, accepted = message("OrderPaid", id), message("OrderAccepted", id)
    failed = []

    def project(mine: dict[str, Any]) -> None:
        good, came_back = whole.hand("Projector", mine)
        if not good or mine["messageId"] in came_back:
            failed.append(mine)

    def first() -> None:
        try:
            project(paid)
        finally:
            (room / "ended").touch()

    room.mkdir()
    other = threading.Thread(target=first)
    other.start()
    wait_until(lambda: (room / "first").exists() or not other.is_alive(), MEET_S)
    project(accepted)
    other.join()
    for mine in list(failed):  # the queue would hand it out again
        project(mine)
    answer = whole.get(id)
    whole.attempt.expect(
        answer.has({"status": "paid"}),
        problem="Two events for an order reach two environments at once, and the late event overwrites the newer "
        "status.",
        called="invoke Projector with OrderPaid and, before that call has ended, with OrderAccepted for the same order",
        came_back=str(answer),
        expected='200 and the status "paid"',
        look_at="what can happen after your projector reads an item and before it writes the item",
    )


# ---- the whole way


def _whole_way(whole: Whole) -> None:
    """Two orders from the door to the customer's view. One is paid, the other canceled."""
    attempt = whole.attempt
    good, bad = order(customer=_customer(refused=False)), order(customer=_customer(refused=True))
    with whole.paused("Provider"):
        for item in (good, bad):
            answer = whole.post(item)
            attempt.expect(
                answer.status == 202,
                problem="A good order is not accepted.",
                called=answer.called,
                came_back=str(answer),
                expected="202",
                look_at="task 12.1",
            )
        for item in (good, bad):
            _shows(whole, item["order_id"], "accepted")
    _shows(whole, good["order_id"], "paid")
    _shows(whole, bad["order_id"], "cancelled")


def _customer(*, refused: bool) -> str:
    """A name whose card the provider refuses, or not: provider.py says how it decides."""
    while True:
        name = f"Kato {uuid.uuid4().hex[:6]}"
        if (hashlib.sha256(name.encode()).digest()[0] < 26) == refused:
            return name


def _shows(whole: Whole, order_id: str, expectation: str) -> None:
    answers = [whole.get(order_id)]

    def there() -> bool:
        answers.append(whole.get(order_id))
        return answers[-1].has({"status": expectation})

    wait_until(there, 20.0)
    in_database = ", ".join(status for _, status in whole.rows([order_id])) or "no row"
    left = whole.shop.depth(whole["ChangesQueueUrl"])
    whole.attempt.expect(
        answers[-1].has({"status": expectation}),
        problem=f"The customer never sees that an order is {expectation}.",
        called=answers[-1].called,
        came_back=f"{answers[-1]}; in the database: {in_database}; {left} messages in the queue Changes; "
        f"{log_of(whole, 'Projector', TROUBLE, most=1)}",
        expected=f'200 and the status "{expectation}"',
        look_at="the target of the rule in parts/projection.yaml, and the state of your workflow that sends the event",
    )
