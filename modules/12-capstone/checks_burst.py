"""Checks of module 12, task 12.2: the worker behind the queue."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import CheckFailed, readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.show import say
from serverless_first.lab.whole_shop import FILES, NUL, Whole, deployed, log_of, order

BURST = 20
UNLUCKY = "Ono Rei"
#: Deployed instead of the files of tasks 12.3 and 12.4. They only log that they were called.
TELLING = {
    "functions/payment.py": f"""def start(order):
    if order["customer"] == "{UNLUCKY}":
        raise ConnectionError("Step Functions cannot be reached for a moment")
    print("payment.start:", order["order_id"])
""",
    "functions/news.py": """def accepted(order_ids):
    print("news.accepted:", *order_ids)
""",
}


@task("12.2")
def burst(attempt: Attempt) -> None:
    """A batch with poison fails in part; a burst with copies is in the table once, the poison is a dead letter."""
    whole = deployed(attempt, FILES["12.2"], ["QueueUrl", "Worker", "Database", "Proxy"], instead=TELLING)
    with whole.paused("Provider"):
        with whole.paused("Worker"):
            whole.purge("QueueUrl")
            say("12.2: a batch with a message that fails ...")
            _batch(whole)
        _queue(whole)
        say("12.2: a burst, while the table is locked ...")
        _burst(whole)
    say("12.2: each order is in the table once, through the proxy, and only the poison is a dead letter.")


def _queue(whole: Whole) -> None:
    attempt = whole.attempt
    found = whole.shop.client("sqs").get_queue_attributes(
        QueueUrl=whole["QueueUrl"], AttributeNames=["RedrivePolicy", "VisibilityTimeout"]
    )["Attributes"]
    policy = json.loads(found.get("RedrivePolicy") or "{}")
    attempt.expect(
        bool(policy) and "DeadLetterQueueUrl" in whole.shop.outputs,
        problem="A message that always fails comes back forever, because nothing takes it out of the order queue.",
        called="look at the attributes of the queue Orders",
        came_back=readable(policy) if policy else "no RedrivePolicy",
        expected="a policy that moves such a message to the queue OrdersDlq after some receives",
        look_at="parts/queues.yaml",
    )
    receives = int(policy["maxReceiveCount"])
    attempt.expect(
        receives >= 4,
        problem="A good order becomes a dead letter too early. A killed process and a restart use up its receives.",
        called="look at the attributes of the queue Orders",
        came_back=f"maxReceiveCount {receives}",
        expected="the number that step 2 gives",
        look_at="parts/queues.yaml",
    )


def _batch(whole: Whole) -> None:
    good = [order(), order()]
    bodies = [json.dumps(good[0]), json.dumps(order(customer=f"Mori{NUL}Aoi")), "no order", json.dumps(good[1])]
    sqs = whole.shop.client("sqs")
    whole.send("QueueUrl", bodies)
    received: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        answer = sqs.receive_message(QueueUrl=whole["QueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=60)
        received.update({message["Body"]: message for message in answer.get("Messages", [])})
        return len(received) == len(bodies)

    wait_until(all_there)
    try:
        _answers(whole, good, [_handed(received[body]) for body in bodies])
    finally:
        for message in received.values():
            sqs.delete_message(QueueUrl=whole["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    _for_a_moment(whole)


def _answers(whole: Whole, good: list[dict[str, Any]], records: list[dict[str, Any]]) -> None:
    attempt = whole.attempt
    named = {record["messageId"]: number for number, record in enumerate(records)}
    called = "invoke Worker with a batch: a good order, poison, a body that is not JSON, a good order"
    failed, log = _failures(attempt, whole, records, called)
    numbers = {named.get(id) for id in failed}
    attempt.expect(
        not numbers & {0, 3},
        problem="One message that fails takes the good messages of its batch down with it.",
        called=called,
        came_back=f"{len(failed)} failures, including good orders; {log_of(whole, 'Worker', 'rror')}",
        expected="only the two messages that can never succeed",
        look_at="where your handler catches an error: around the batch, or around one message",
    )
    attempt.expect(
        numbers == {1, 2},
        problem="A message whose order cannot be written counts as done. It is deleted, and nobody ever sees it.",
        called=called,
        came_back=f"{len(failed)} failures",
        expected="both messages that can never succeed, so that they reach the dead-letter queue",
        look_at="what your handler does after an error",
    )
    ids = [mine["order_id"] for mine in good]
    attempt.expect(
        [order_id for order_id, _ in whole.rows(ids)] == sorted(ids),
        problem="An order is not in the table, but its message counts as done.",
        called=called,
        came_back=f"rows: {readable(whole.rows(ids))}",
        expected="a row for each of the two good orders",
        look_at="what your worker does with an order",
    )
    _told(whole, called, log, ids)
    called = "invoke Worker with the two good orders a second time"
    again, log = _failures(attempt, whole, [records[0], records[3]], called)
    attempt.expect(
        not again,
        problem="A second copy of an order counts as a failure, so good orders end up in the dead-letter queue.",
        called=called,
        came_back=f"{len(again)} failures; {log_of(whole, 'Worker', 'rror')}",
        expected="no failure, because the order is in the table",
        look_at="your INSERT when the row already exists",
    )
    attempt.expect(
        all(f"payment.start: {order_id}" in log for order_id in ids),
        problem="A second copy of an order does not start its payment. If the first worker died before it "
        "started the payment, the order is never paid.",
        called=called,
        came_back=f"the log: {_lines(log)}",
        expected="payment.start for each of the two, even though their rows exist",
        look_at="when your worker calls payment.start",
    )


def _told(whole: Whole, called: str, log: str, ids: list[str]) -> None:
    """The payments are started, and the news are told once, of the orders that are safe."""
    attempt = whole.attempt
    attempt.expect(
        all(f"payment.start: {order_id}" in log for order_id in ids),
        problem="An order is in the table, but its payment is not started.",
        called=called,
        came_back=f"the log: {_lines(log)}",
        expected="payment.start for each of the two good orders",
        look_at="what your worker does after the INSERT",
    )
    news = [line.split()[1:] for line in log.splitlines() if line.startswith("news.accepted:")]
    attempt.expect(
        len(news) == 1 and sorted(news[0]) == sorted(ids),
        problem="news.accepted is not called once at the end, with the ids of the orders that are safe.",
        called=called,
        came_back=f"the log: {_lines(log)}",
        expected="one call, with the ids of the two good orders",
        look_at="the end of your handler",
    )


def _lines(log: str) -> str:
    found = [line for line in log.splitlines() if line.startswith(("payment.start:", "news.accepted:"))]
    return readable(" / ".join(found)) if found else "no call to payment.start or news.accepted"


def _for_a_moment(whole: Whole) -> None:
    """A message fails for a reason that will pass: it fails, and is not shown again at once."""
    attempt, sqs = whole.attempt, whole.shop.client("sqs")
    whole.send("QueueUrl", [json.dumps(order(customer=UNLUCKY))])
    found: list[dict[str, Any]] = []

    def there() -> bool:
        answer = sqs.receive_message(QueueUrl=whole["QueueUrl"], VisibilityTimeout=60)
        found.extend(answer.get("Messages", []))
        return bool(found)

    wait_until(there)
    called = "invoke Worker with a good order, while Step Functions is unreachable, so payment.start raises an error"
    good, came_back = whole.hand("Worker", _handed(found[0]))
    shown = sqs.receive_message(QueueUrl=whole["QueueUrl"], VisibilityTimeout=60).get("Messages", [])
    shown = [message for message in shown if message["MessageId"] == found[0]["MessageId"]]
    for message in [*found, *shown]:
        sqs.delete_message(QueueUrl=whole["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    attempt.expect(
        not good or found[0]["MessageId"] in came_back,
        problem="A payment that could not be started counts as done. Its message is deleted, and nobody is charged.",
        called=called,
        came_back=came_back,
        expected="a failure, so that the message comes back",
        look_at="what your handler does with an error from payment.start",
    )
    attempt.expect(
        not shown,
        problem="A message that fails because of a short outage becomes visible again at once. It uses up its receives "
        "before the outage ends, so a good order becomes a dead letter.",
        called=called,
        came_back="the message can be received again at once",
        expected="it waits out its visibility timeout, because only a message that can never succeed should come "
        "back at once",
        look_at="for which errors your worker calls again_at_once",
    )


def _handed(message: dict[str, Any]) -> dict[str, Any]:
    """A message that was received, as Lambda hands it on."""
    return record(message["Body"], message_id=message["MessageId"], receipt_handle=message["ReceiptHandle"])


def _failures(attempt: Attempt, whole: Whole, records: list[dict[str, Any]], called: str) -> tuple[list[str], str]:
    """The ids of the messages that the worker says have failed, and the end of its log."""
    try:
        reply = attempt.invoke(whole["Worker"], {"Records": records})
    except CheckFailed as error:
        if error.state != "failed":
            raise
        attempt.fail(
            "One message that fails ends the whole call, so all messages of its batch come back.",
            called=called,
            came_back=error.came_back,
            expected='{"batchItemFailures": [...]}',
            look_at=error.look_at,
        )
    failures = (reply.payload or {}).get("batchItemFailures") if isinstance(reply.payload, dict | None) else None
    shape = isinstance(failures, list) and all(isinstance(each, dict) and "itemIdentifier" in each for each in failures)
    attempt.expect(
        shape or reply.payload is None,
        problem="Your worker's return value does not say which messages failed.",
        called=called,
        came_back=reply,
        expected='{"batchItemFailures": [{"itemIdentifier": ...}]}',
        look_at="what your handler returns",
    )
    return [str(each["itemIdentifier"]) for each in failures or []], reply.log


def _burst(whole: Whole) -> None:
    attempt, shop = whole.attempt, whole.shop
    whole.purge("DeadLetterQueueUrl")
    orders = [order(quantity=number + 1) for number in range(BURST)]
    poison = order(customer=f"Abe{NUL}Rin")
    bodies = [json.dumps(each) for each in [*orders, poison, *orders[::4]]]
    sessions = _locked(whole, bodies)
    attempt.expect(
        sessions[1] == 0,
        problem="Your worker bypasses the proxy, so each of its environments takes a database seat.",
        called=f"{len(bodies)} messages in the queue, while the table is locked",
        came_back=f"{sessions[1]} connections straight to the database, {sessions[0]} through the proxy",
        expected="all connections through the proxy",
        look_at="DB_HOST and DB_PORT of Worker in parts/work.yaml",
    )
    ids = [each["order_id"] for each in orders]
    called = (
        f"{len(bodies)} messages in the queue: {BURST} orders, {len(orders[::4])} of them twice, and one poison message"
    )
    wait_until(lambda: len(whole.rows(ids)) >= BURST, 40.0)
    found = Counter(order_id for order_id, _ in whole.rows(ids))
    attempt.expect(
        len(found) == BURST,
        problem="Orders are lost. Their messages arrived, but the orders are not in the table.",
        called=called,
        came_back=f"{BURST - len(found)} orders without a row after 40 s; {log_of(whole, 'Worker', 'rror')}",
        expected="a row for each order",
        look_at="the event of Worker in parts/work.yaml, and its log",
    )
    wait_until(lambda: shop.depth(whole["QueueUrl"]) == 0, 40.0)
    left = shop.depth(whole["QueueUrl"])
    attempt.expect(
        left == 0,
        problem="A message that can never succeed is still in the order queue, and not in the dead-letter queue.",
        called=called,
        came_back=f"{left} messages are still in the order queue after 40 s: {_left(whole) if left else ''}",
        expected="an empty queue, and the poison in the dead-letter queue",
        look_at="when your worker calls again_at_once",
    )
    dead = whole.take("DeadLetterQueueUrl", 1, limit_s=5.0)
    dead_ids = [each.get("order_id") for each in dead if isinstance(each, dict)]
    attempt.expect(
        poison["order_id"] in dead_ids,
        problem="The poison is gone, because it was deleted as if the worker had handled it.",
        called=called,
        came_back=f"dead letters: {len(dead)}",
        expected="the poison in the dead-letter queue, where somebody finds it",
        look_at="the event of Worker in parts/work.yaml. Does Lambda read your worker's return value?",
    )
    attempt.expect(
        len(dead) == 1,
        problem="Good orders are in the dead-letter queue.",
        called=called,
        came_back=f"{len(dead)} dead letters",
        expected="only the poison",
        look_at="what your worker reports as failed",
    )


def _left(whole: Whole) -> str:
    """The bodies that are left in the order queue, for a message."""
    with whole.paused("Worker"):
        return readable(
            [
                each.get("order_id", each) if isinstance(each, dict) else each
                for each in whole.take("QueueUrl", 3, limit_s=16.0)
            ]
        )


def _locked(whole: Whole, bodies: list[str]) -> tuple[int, int]:
    """Sends messages while the table is locked, until some workers wait; connections through the proxy, and others."""
    shop = whole.shop
    with shop.database() as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        whole.send("QueueUrl", bodies)
        seen = (0, 0)

        def waiting() -> bool:
            nonlocal seen
            seen = max(seen, shop.sessions(), key=sum)
            return sum(seen) >= 3

        wait_until(waiting, 15.0)
        connection.rollback()
    return seen
