"""Checks module 12's worker with batches in which some messages fail, and some come again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import CheckFailed, readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.whole_shop import NUL, Whole, lines_of, log_of, order

NEVER = ("a text that PostgreSQL can't store", "a body that is not JSON", "a list", "an order without a lamp")
LATER = ("an order while the database starts up", "an order whose payment can't be started")
NO_DATABASE, NO_PAYMENT = "Ono Rei", "Ota Jun"
#: Deployed instead of the files of tasks 12.3 and 12.4. They log what the worker does.
TELLING = {
    "functions/payment.py": f"""import sys
import time

sleep = time.sleep


def telling(seconds):
    if sys._getframe(1).f_globals.get("__name__") != "worker":
        return sleep(seconds)
    print("time.sleep:", seconds)


time.sleep = telling


def start(order):
    print("payment.start:", order["order_id"])
    if order["customer"] == "{NO_PAYMENT}":
        raise ConnectionError("Step Functions cannot be reached for a moment")
""",
    "functions/news.py": """def accepted(order_ids):
    print("news.accepted:", *order_ids)
""",
}
#: As while the database starts up, but for the orders of one customer.
AWAY = f"""
CREATE OR REPLACE FUNCTION check_away() RETURNS trigger LANGUAGE plpgsql AS $do$ BEGIN
    IF NEW.customer = '{NO_DATABASE}' THEN
        RAISE EXCEPTION 'the database system is starting up' USING ERRCODE = '57P03';
    END IF;
    RETURN NEW;
END $do$;
CREATE OR REPLACE TRIGGER check_away BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION check_away()
"""


def judge_batch(whole: Whole) -> None:
    """Judges one call of the worker with messages of all kinds, then a call with copies.

    Raises:
        CheckFailed: a message isn't handled as its kind asks.
    """
    no_lamp, safe = order(), [order(), order()]
    del no_lamp["lamp"]
    bodies = {
        "a good order": safe[0],
        "a text that PostgreSQL can't store": order(customer=f"Mori{NUL}Aoi"),
        "a body that is not JSON": "no order",
        "a list": [1, 2],
        "an order without a lamp": no_lamp,
        "an order while the database starts up": order(customer=NO_DATABASE),
        "an order whose payment can't be started": order(customer=NO_PAYMENT),
        "another good order": safe[1],
    }
    messages = _received(
        whole, {what: body if isinstance(body, str) else json.dumps(body) for what, body in bodies.items()}
    )
    try:
        with _away(whole):
            visible_kinds = _all_kinds(whole, safe, messages)
        _visible(whole, messages, visible_kinds)
        _copies(whole, safe, [messages["a good order"], messages["another good order"]])
    finally:
        for message in messages.values():
            whole.shop.client("sqs").delete_message(QueueUrl=whole["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])


@contextlib.contextmanager
def _away(whole: Whole) -> Iterator[None]:
    """While the block runs, the database refuses the orders of one customer."""
    with whole.shop.database() as connection:
        connection.execute(AWAY)
    try:
        yield
    finally:
        with whole.shop.database() as connection:
            connection.execute("DROP FUNCTION check_away CASCADE")


def _received(whole: Whole, bodies: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Sends messages and receives them, so that they have receipts and are invisible for a minute."""
    sqs, names = whole.shop.client("sqs"), {body: what for what, body in bodies.items()}
    whole.send("QueueUrl", list(bodies.values()))
    received: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        answer = sqs.receive_message(QueueUrl=whole["QueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=60)
        received.update({names[message["Body"]]: message for message in answer.get("Messages", [])})
        return len(received) == len(bodies)

    wait_until(all_there)
    return {what: received[what] for what in bodies}


def _all_kinds(whole: Whole, safe: list[dict[str, Any]], messages: dict[str, dict[str, Any]]) -> set[str]:
    """Calls the worker with all messages; the kinds that are visible again at once."""
    attempt, sqs = whole.attempt, whole.shop.client("sqs")
    called = f"invoke Worker with a batch: {', '.join(messages)}"
    failed = _failures(attempt, whole, list(messages.values()), called)
    kinds = {message["MessageId"]: what for what, message in messages.items()}
    kinds_failed = [kinds.get(id, f"the unknown id {id}") for id in failed]
    good = [kind for kind in kinds_failed if kind not in NEVER + LATER]
    attempt.expect(
        not good,
        problem="One message that fails takes the good messages of its batch down with it.",
        called=called,
        came_back=f"failed: {', '.join(good)}; {log_of(whole, 'Worker', 'rror')}",
        expected="only the messages that fail",
        look_at="where your handler catches an error: around the batch, or around one message",
    )
    done = [kind for kind in NEVER + LATER if kind not in kinds_failed]
    attempt.expect(
        not done,
        problem="A payment that could not be started counts as done. Its message is deleted, and nobody is charged."
        if done == [LATER[1]]
        else "A message whose order cannot be written counts as done. It is deleted, and nobody ever sees it.",
        called=called,
        came_back=f"not among the failures: {', '.join(done)}",
        expected="each message that fails in batchItemFailures",
        look_at="what your handler does after an error",
    )
    ids = [mine["order_id"] for mine in safe]
    attempt.expect(
        [order_id for order_id, _ in whole.rows(ids)] == sorted(ids),
        problem="An order is not in the table, but its message counts as done.",
        called=called,
        came_back=f"rows: {readable(whole.rows(ids))}",
        expected="a row for each of the two good orders",
        look_at="what your worker does with an order",
    )
    _payments_and_news(whole, called, ids, messages)
    receive = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 60}
    visible_kinds: set[str] = set()
    while again := sqs.receive_message(QueueUrl=whole["QueueUrl"], **receive).get("Messages"):
        for message in again:
            if what := kinds.get(message["MessageId"]):
                visible_kinds.add(what)
                messages[what] = message
    return visible_kinds


def _visible(whole: Whole, messages: dict[str, dict[str, Any]], visible_kinds: set[str]) -> None:
    """Only messages that can never succeed are visible again at once, and nobody waits for the others."""
    attempt, called = whole.attempt, f"invoke Worker with a batch: {', '.join(messages)}"
    early = [kind for kind in messages if kind in visible_kinds and kind not in NEVER]
    attempt.expect(
        not early,
        problem="A message that fails because of a short outage becomes visible again at once. It uses up its receives "
        "before the outage ends, so a good order becomes a dead letter.",
        called=called,
        came_back=f"can be received again at once: {', '.join(early)}",
        expected="only messages that can never succeed, because any other waits out its visibility timeout",
        look_at="for which errors your worker calls again_at_once",
    )
    late = [kind for kind in NEVER if kind not in visible_kinds]
    attempt.expect(
        not late,
        problem="A message that can never succeed waits for its next attempt, and for each one after it.",
        called=called,
        came_back=f"cannot be received again at once: {', '.join(late)}; {log_of(whole, 'Worker', 'rror')}",
        expected="each message that can never succeed becomes visible again, and soon reaches the dead-letter queue",
        look_at="for which errors your worker calls again_at_once",
    )
    slept = _log_values(whole, "time.sleep:")
    attempt.expect(
        not slept,
        problem="Your worker sleeps, and all other messages of its batch wait with it.",
        called=called,
        came_back=f"time.sleep is called with {', '.join(slept)}",
        expected="no pause in the worker, because a message waits in the queue",
        look_at="what your handler does after an error",
    )
    direct = whole.shop.sessions()[1]
    attempt.expect(
        direct == 0,
        problem="Your worker bypasses the proxy, so each of its environments takes a database seat.",
        called=called,
        came_back=f"straight to the database: {direct} connection{'s' if direct > 1 else ''}",
        expected="all connections through the proxy",
        look_at="DB_HOST and DB_PORT of Worker in parts/work.yaml",
    )


def _payments_and_news(whole: Whole, called: str, ids: list[str], messages: dict[str, dict[str, Any]]) -> None:
    """The payments of the orders in the table are started, no others, and the news are told once."""
    attempt, started, news = whole.attempt, _log_values(whole, "payment.start:"), _log_values(whole, "news.accepted:")
    look_at = "what your worker does before and after the INSERT"
    attempt.expect(
        set(started) >= set(ids),
        problem="An order is in the table, but its payment is not started.",
        called=called,
        came_back=_calls(whole),
        expected="payment.start for each of the two good orders",
        look_at=look_at,
    )
    unsafe = [
        kind for kind in (NEVER[0], NEVER[3], LATER[0]) if json.loads(messages[kind]["Body"])["order_id"] in started
    ]
    attempt.expect(
        not unsafe,
        problem="A payment is started before its order is in the table. The customer pays for an order that the shop "
        "doesn't have.",
        called=called,
        came_back=f"payment.start is called for: {', '.join(unsafe)}",
        expected="no payment without a row",
        look_at=look_at,
    )
    unpaid = json.loads(messages[LATER[1]]["Body"])["order_id"]  # its row is there, so it may be in the news
    attempt.expect(
        len(news) == 1 and sorted(set(news[0].split()) - {unpaid}) == sorted(ids),
        problem="news.accepted is not called once at the end, with the ids of the orders that are safe.",
        called=called,
        came_back=_calls(whole),
        expected="one call, with the ids of the two good orders",
        look_at="the end of your handler",
    )


def _copies(whole: Whole, safe: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
    """The two orders come again, after one of them was paid."""
    attempt, ids = whole.attempt, [mine["order_id"] for mine in safe]
    before, lines = len(_log_values(whole, "payment.start:")), len(_learners(whole))
    with whole.shop.database() as connection:
        connection.execute("UPDATE orders SET status = 'paid' WHERE order_id = %s", [ids[0]])
    called = "mark an order as paid, then invoke Worker with the two good orders a second time"
    again = _failures(attempt, whole, messages, called)
    attempt.expect(
        not again,
        problem="A second copy of an order counts as a failure, so good orders end up in the dead-letter queue.",
        called=called,
        came_back=f"failures: {len(again)}; the log: {readable(' / '.join(_learners(whole)[lines:]))}",
        expected="no failure, because the order is in the table",
        look_at="your INSERT when the row already exists",
    )
    attempt.expect(
        set(_log_values(whole, "payment.start:")[before:]) == set(ids),
        problem="A second copy of an order does not start its payment. If the first worker died before it "
        "started the payment, the order is never paid.",
        called=called,
        came_back=_calls(whole),
        expected="payment.start for each of the two, even though their rows exist",
        look_at="when your worker calls payment.start",
    )
    statuses = dict(whole.rows(ids))
    attempt.expect(
        statuses == {ids[0]: "paid", ids[1]: "accepted"},
        problem="A second copy of an order changes its row, so the shop forgets that the order was paid.",
        called=called,
        came_back=f"the paid order is: {statuses.get(ids[0])}",
        expected="the copy leaves the row as it is",
        look_at="your INSERT when the row already exists",
    )


def _log_values(whole: Whole, prefix: str) -> list[str]:
    """The rest of each line in the worker's log that contains the prefix, in the order of the lines."""
    return [line.partition(prefix)[2].strip() for line in lines_of(whole, "Worker") if prefix in line]


def _learners(whole: Whole) -> list[str]:
    """The lines of the worker's log that Lambda hasn't written."""
    return [
        line for line in lines_of(whole, "Worker") if not line.startswith(("INIT_START", "START ", "END ", "REPORT "))
    ]


def _calls(whole: Whole) -> str:
    lines = [line for line in lines_of(whole, "Worker") if "payment.start:" in line or "news.accepted:" in line]
    return readable(f"the log: {' / '.join(lines)}" if lines else "no call to payment.start or news.accepted")


def _failures(attempt: Attempt, whole: Whole, messages: list[dict[str, Any]], called: str) -> list[str]:
    """The ids of the messages that the worker says have failed."""
    handed = [
        record(message["Body"], message_id=message["MessageId"], receipt_handle=message["ReceiptHandle"])
        for message in messages
    ]
    try:
        reply = attempt.invoke(whole["Worker"], {"Records": handed})
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
    shape = isinstance(failures, list) and all(
        isinstance(entry, dict) and "itemIdentifier" in entry for entry in failures
    )
    attempt.expect(
        shape or reply.payload is None,
        problem="Your worker's return value does not say which messages failed.",
        called=called,
        came_back=reply,
        expected='{"batchItemFailures": [{"itemIdentifier": ...}]}',
        look_at="what your handler returns",
    )
    return [str(entry["itemIdentifier"]) for entry in failures or []]
