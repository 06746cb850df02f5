"""Checks of module 12, task 12.4: events, and what the customer sees."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import uuid
from pathlib import Path

from serverless_cloud import leftovers
from serverless_first.drill import capstone
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.show import say
from serverless_first.lab.whole_shop import FILES, NUL, Whole, deployed, log_of, order

MANY = 25  # put_events takes ten
PROJECTOR = "functions/projector.py"
MEET_S = 10.0
#: Goes behind the learner's projector. Of two environments that read, as long as there is a room for it, the first one
#: goes on when the second one has read, and the second one when the first one has ended: so its write is the last.
MEETING = """

def _meet(room):
    import pathlib
    import time

    import botocore.client

    call, room = botocore.client.BaseClient._make_api_call, pathlib.Path(room)

    def meets(self, operation, arguments):
        answer = call(self, operation, arguments)
        if operation in ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems") and room.is_dir():
            mine, other = ("second", "ended") if (room / "first").exists() else ("first", "second")
            (room / mine).touch()
            end_s = time.monotonic() + {limit_s}
            while not any((room / name).exists() for name in (other, "ended")) and time.monotonic() < end_s:
                time.sleep(0.02)
        return answer

    botocore.client.BaseClient._make_api_call = meets


_meet({room!r})
"""


@task("12.4")
def seen(attempt: Attempt) -> None:
    """A customer sees each status of an order; an event that comes late, twice or beside another changes nothing."""
    outputs = ["ApiUrl", "Worker", "Provider", "Projector", "ProjectionTable", "ChangesQueueUrl", "PaymentMachineArn"]
    with tempfile.TemporaryDirectory(dir=leftovers.scratch()) as folder:
        room, written = Path(folder) / "room", capstone.Shop().folder / PROJECTOR
        instead = {}
        if written.is_file():
            instead[PROJECTOR] = written.read_text(encoding="utf-8") + MEETING.format(room=str(room), limit_s=MEET_S)
        whole = deployed(attempt, FILES["12.4"], outputs, instead=instead)
        _whole_way(whole)
        _many_and_none(whole)
        _table_away(whole)
        say("12.4: events come twice, and late ...")
        _late(whole)
        say("12.4: two events for an order come at once ...")
        _at_once(whole, room)
    say("12.4: the customer sees the right status, no matter what comes late.")


def _whole_way(whole: Whole) -> None:
    """Two orders from the door to the customer's view. One is paid, the other canceled."""
    attempt = whole.attempt
    good, bad = order(customer=_customer(refused=False)), order(customer=_customer(refused=True))
    with whole.paused("Provider"):
        for each in (good, bad):
            answer = whole.post(each)
            attempt.expect(
                answer.status == 202,
                problem="A good order is not accepted.",
                called=answer.called,
                came_back=str(answer),
                expected="202",
                look_at="task 12.1",
            )
        say("12.4: two orders are accepted ...")
        for each in (good, bad):
            _shows(whole, each["order_id"], "accepted", "functions/news.py, and the rule in parts/projection.yaml")
    say("12.4: the provider replies ...")
    _shows(whole, good["order_id"], "paid", "what functions/projector.py does if an item already exists")
    _shows(whole, bad["order_id"], "cancelled", "the rule in parts/projection.yaml, and functions/projector.py")


def _customer(*, refused: bool) -> str:
    """A name whose card the provider refuses, or not: provider.py says how it decides."""
    while True:
        name = f"Kato {uuid.uuid4().hex[:6]}"
        if (hashlib.sha256(name.encode()).digest()[0] < 26) == refused:
            return name


def _shows(whole: Whole, order_id: str, wanted: str, look_at: str) -> None:
    answers = [whole.get(order_id)]

    def there() -> bool:
        answers.append(whole.get(order_id))
        return answers[-1].has({"status": wanted})

    wait_until(there, 20.0)
    in_database = ", ".join(status for _, status in whole.rows([order_id])) or "no row"
    whole.attempt.expect(
        answers[-1].has({"status": wanted}),
        problem=f"The customer never sees that an order is {wanted}.",
        called=answers[-1].called,
        came_back=f"{answers[-1]}; in the database: {in_database} {log_of(whole, 'Projector', 'not projected|rror')}",
        expected=f'200 and the status "{wanted}"',
        look_at=look_at,
    )


def _many_and_none(whole: Whole) -> None:
    """A batch of orders, more than one call of put_events takes; and a batch of which nothing is accepted."""
    attempt, orders = whole.attempt, [order() for _ in range(MANY)]
    with whole.paused("Provider"):
        good, came_back = whole.hand("Worker", *(record(json.dumps(each)) for each in orders))
        called = f"invoke Worker with a batch of {MANY} orders"
        attempt.expect(
            good,
            problem="A large batch causes an error in your worker.",
            called=called,
            came_back=came_back,
            expected="no error",
            look_at="functions/news.py, and how many events one call to put_events takes",
        )
        ids = [each["order_id"] for each in orders]
        wait_until(lambda: len(_projected(whole, ids)) == MANY, 20.0)
        found = _projected(whole, ids)
    attempt.expect(
        len(found) == MANY,
        problem="Not every order of a large batch is announced.",
        called=called,
        came_back=f"{len(found)} of {MANY} orders are in the table Projection",
        expected="all of them",
        look_at="functions/news.py, and how many events one call to put_events takes",
    )
    poison = order(customer=f"Abe{NUL}Rin")
    good, came_back = whole.hand("Worker", record(json.dumps(poison)))
    attempt.expect(
        good or "ParamValidation" not in came_back,
        problem="A batch without an accepted order causes an error in functions/news.py.",
        called="invoke Worker with one order that cannot be stored, so news.accepted gets an empty list",
        came_back=came_back,
        expected="no call to put_events, which rejects an empty list",
        look_at="what functions/news.py does when there is nothing to announce",
    )


def _projected(whole: Whole, ids: list[str]) -> list[str]:
    dynamodb, table = whole.shop.client("dynamodb"), whole["ProjectionTable"]
    keys = [{"order_id": {"S": id}} for id in ids]
    found = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})["Responses"][table]
    return [item["order_id"]["S"] for item in found]


def _table_away(whole: Whole) -> None:
    """The table is away for a moment: the event must come again."""
    event = {"detail-type": "OrderPaid", "source": "hikari.orders", "detail": {"order_id": order()["order_id"]}}
    mine = record(json.dumps(event))
    with whole.paused("Projector"), whole.away("Projector", "ProjectionTable"):
        good, came_back = whole.hand("Projector", mine)
    whole.attempt.expect(
        not good or mine["messageId"] in came_back,
        problem="An event that could not be written counts as done, so the customer never sees the new status.",
        called="invoke Projector with the event OrderPaid, while its table does not exist",
        came_back=came_back,
        expected="a failure, so that the event comes back",
        look_at="which errors functions/projector.py swallows",
    )


def _late(whole: Whole) -> None:
    attempt = whole.attempt
    first, second = order()["order_id"], order()["order_id"]
    before = _dead(whole)
    called = (
        "events on the bus: OrderPaid, then OrderAccepted twice; for another order OrderCancelled, then OrderAccepted"
    )
    _put(whole, [("OrderPaid", first), ("OrderCancelled", second)])
    _shows(whole, first, "paid", "functions/projector.py")
    _shows(whole, second, "cancelled", "the rule in parts/projection.yaml, and functions/projector.py")
    _put(whole, [("OrderAccepted", first), ("OrderAccepted", second), ("OrderAccepted", first), ("OrderPaid", first)])
    last = order()["order_id"]  # when this one is seen, those before it have come
    _put(whole, [("OrderPaid", last)])
    _shows(whole, last, "paid", "functions/projector.py")
    wait_until(lambda: _reads(whole) == 0, 20.0)
    shown = [whole.get(first), whole.get(second)]
    attempt.expect(
        shown[0].has({"status": "paid"}) and shown[1].has({"status": "cancelled"}),
        problem="A late event overwrites a newer status. The customer has paid, but sees that nothing has happened.",
        called=called,
        came_back=f"{shown[0]}, {shown[1]}",
        expected="paid, and cancelled",
        look_at="under what condition your projector writes",
    )
    attempt.expect(
        _reads(whole) == 0 and _dead(whole) == before,
        problem="A late event causes an error in your projector. The event comes back again and again, then "
        "becomes a dead letter.",
        called=called,
        came_back=f"{_reads(whole)} messages in the queue Changes; {log_of(whole, 'Projector', 'not projected')}",
        expected="an empty queue, because there is nothing to do",
        look_at="what your projector does when its condition isn't met",
    )


def _at_once(whole: Whole, room: Path) -> None:
    """Two environments each have an event of the same order. One changes the item that the other has read."""
    id = order()["order_id"]
    paid, accepted = (
        record(json.dumps({"detail-type": kind, "source": "hikari.orders", "detail": {"order_id": id}}))
        for kind in ("OrderPaid", "OrderAccepted")
    )
    failed = []

    def project(mine: dict[str, str]) -> None:
        good, came_back = whole.hand("Projector", mine)
        if not good or mine["messageId"] in came_back:
            failed.append(mine)

    def first() -> None:
        try:
            project(paid)
        finally:
            (room / "ended").touch()

    with whole.paused("Projector"):
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


def _put(whole: Whole, events: list[tuple[str, str]]) -> None:
    entries = [
        {
            "EventBusName": "hikari",
            "Source": "hikari.orders",
            "DetailType": kind,
            "Detail": json.dumps({"order_id": id}),
        }
        for kind, id in events
    ]
    whole.shop.client("events").put_events(Entries=entries)


def _reads(whole: Whole) -> int:
    return whole.shop.depth(whole["ChangesQueueUrl"])


def _dead(whole: Whole) -> int:
    """Dead letters of the queue Changes."""
    sqs = whole.shop.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=whole["ChangesQueueUrl"], AttributeNames=["RedrivePolicy"])["Attributes"]
    arn = json.loads(found.get("RedrivePolicy") or "{}").get("deadLetterTargetArn", "")
    return whole.shop.depth(sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]) if arn else 0
