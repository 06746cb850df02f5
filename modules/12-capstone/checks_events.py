"""Checks of module 12, task 12.4: events, and what the customer sees."""

from __future__ import annotations

import hashlib
import json
import uuid

from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import wait_until
from serverless_first.lab.show import say
from serverless_first.lab.whole_shop import Whole, deployed, log_of, order

BEFORE = ("functions/front.py", "parts/door.yaml", "functions/schema.sql",
          "functions/worker.py", "parts/queues.yaml", "parts/work.yaml")  # fmt: skip
FLOW = (*BEFORE, "functions/payment.py", "parts/payment.yaml")

SEEN = (*FLOW, "functions/news.py", "functions/projector.py", "parts/projection.yaml")


@task("12.4")
def seen(attempt: Attempt) -> None:
    """A customer sees each status of an order; an event that comes late or twice changes nothing."""
    outputs = ["ApiUrl", "Worker", "Provider", "Projector", "ProjectionTable", "ChangesQueueUrl", "PaymentMachineArn"]
    whole = deployed(attempt, SEEN, outputs)
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
    say("12.4: the provider answers ...")
    _shows(whole, good["order_id"], "paid", "functions/projector.py: what it does when an item is there already")
    _shows(whole, bad["order_id"], "cancelled", "the rule in parts/projection.yaml, and functions/projector.py")
    say("12.4: events come twice, and late ...")
    _late(whole)
    say("12.4: the customer sees what holds, whatever comes late.")


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
        problem="A late event takes a newer status back: the customer has paid, and reads that nothing has happened.",
        called=called,
        came_back=f"{shown[0]}, {shown[1]}",
        expected="paid, and cancelled",
        look_at="under which condition your projector writes",
    )
    attempt.expect(
        _reads(whole) == 0 and _dead(whole) == before,
        problem="A late event is an error of your projector: it comes back again and again, and ends as a dead letter.",
        called=called,
        came_back=f"{_reads(whole)} messages in the queue Changes; {log_of(whole, 'Projector', 'not projected')}",
        expected="an empty queue: there is nothing to do",
        look_at="what your projector does when its condition does not hold",
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
