"""Checks of module 12, task 12.2: the worker behind the queue."""

from __future__ import annotations

import json
from collections import Counter

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.show import say
from serverless_first.lab.whole_batch import TELLING, judge_batch
from serverless_first.lab.whole_shop import FILES, NUL, Whole, deployed, log_of, order

BURST = 20


@task("12.2")
def burst(attempt: Attempt) -> None:
    """A batch with poison fails in part; a burst with copies is in the table once, the poison is a dead letter."""
    whole = deployed(attempt, FILES["12.2"], ["QueueUrl", "Worker", "Database", "Proxy"], instead=TELLING)
    with whole.paused("Provider"):
        _queue(whole)
        _event(whole)
        with whole.paused("Worker"):
            whole.purge("QueueUrl")
            say("12.2: a batch with messages that fail ...")
            judge_batch(whole)
        say("12.2: a burst, while the table is locked ...")
        _burst(whole)
    say("12.2: each order is in the table once, through the proxy, and only the poison is a dead letter.")


def _queue(whole: Whole) -> None:
    attempt, sqs = whole.attempt, whole.shop.client("sqs")
    names = ["RedrivePolicy", "VisibilityTimeout"]
    attributes = sqs.get_queue_attributes(QueueUrl=whole["QueueUrl"], AttributeNames=names)["Attributes"]
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    called, look_at = "look at the attributes of the queue Orders", "parts/queues.yaml"
    attempt.expect(
        bool(policy) and "DeadLetterQueueUrl" in whole.shop.outputs,
        problem="A message that always fails comes back forever, because nothing takes it out of the order queue.",
        called=called,
        came_back=readable(policy) if policy else "no RedrivePolicy",
        expected="a policy that moves such a message to the queue OrdersDlq after some receives",
        look_at=look_at,
    )
    receives = int(policy["maxReceiveCount"])
    attempt.expect(
        receives == 6,
        problem="A good order becomes a dead letter too early. A killed process and a restart use up its receives."
        if receives < 6
        else "A message that can never succeed is received more often than step 2 asks.",
        called=called,
        came_back=f"maxReceiveCount {receives}",
        expected="the number that step 2 gives",
        look_at=look_at,
    )
    attempt.expect(
        attributes["VisibilityTimeout"] == "15",
        problem="The order queue has another visibility timeout than step 2 asks for.",
        called=called,
        came_back=f"{attributes['VisibilityTimeout']} s",
        expected="longer than the worker's timeout, but no longer than the drill can wait",
        look_at=look_at,
    )


def _event(whole: Whole) -> None:
    """The event source mapping has the settings of step 3, so that they needn't show themselves under load."""
    attempt, functions = whole.attempt, whole.shop.client("lambda")
    mappings = functions.list_event_source_mappings(FunctionName=whole["Worker"])["EventSourceMappings"]
    look_at = "the event of Worker in parts/work.yaml"
    attempt.expect(
        len(mappings) == 1,
        problem="Lambda does not read the order queue for your worker."
        if not mappings
        else "Lambda reads more than one queue for your worker.",
        called="look at the event source mappings of Worker",
        came_back=[mapping["EventSourceArn"] for mapping in mappings],
        expected="one, of the queue Orders",
        look_at=look_at,
    )
    mapping = mappings[0]
    settings = {
        "FunctionResponseTypes": (
            mapping.get("FunctionResponseTypes") or [],
            ["ReportBatchItemFailures"],
            "Lambda does not read which messages failed, so it deletes them as if the worker had handled them.",
        ),
        "BatchSize": (mapping.get("BatchSize"), 5, "Lambda hands your worker batches of another size."),
        "MaximumConcurrency": (
            (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency"),
            12,
            "Lambda takes another number of batches at a time than step 3 asks for.",
        ),
    }
    for name, (value, expectation, problem) in settings.items():
        attempt.expect(
            value == expectation,
            problem=problem,
            called="look at the event source mapping of Worker",
            came_back=f"{name}: {'not set' if value is None else readable(value)}",
            expected=f"the {name} of step 3",
            look_at=look_at,
        )


def _burst(whole: Whole) -> None:
    attempt, shop = whole.attempt, whole.shop
    whole.purge("DeadLetterQueueUrl")
    orders = [order(quantity=number + 1) for number in range(BURST)]
    poison = order(customer=f"Abe{NUL}Rin")
    bodies = [json.dumps(body) for body in [*orders, poison, *orders[::4]]]
    sessions = _locked(whole, bodies)
    attempt.expect(
        sessions[1] == 0,
        problem="Your worker bypasses the proxy, so each of its environments takes a database seat.",
        called=f"{len(bodies)} messages in the queue, while the table is locked",
        came_back=f"{sessions[1]} connections straight to the database, {sessions[0]} through the proxy",
        expected="all connections through the proxy",
        look_at="DB_HOST and DB_PORT of Worker in parts/work.yaml",
    )
    ids = [body["order_id"] for body in orders]
    called = (
        f"{len(bodies)} messages in the queue: {BURST} orders, {len(orders[::4])} of them twice, and one poison message"
    )
    wait_until(lambda: len(whole.rows(ids)) >= BURST, 40.0)
    rows = Counter(order_id for order_id, _ in whole.rows(ids))
    attempt.expect(
        len(rows) == BURST,
        problem="Orders are lost. Their messages arrived, but the orders are not in the table.",
        called=called,
        came_back=f"{BURST - len(rows)} orders without a row after 40 s; {log_of(whole, 'Worker', 'rror')}",
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
    dead_ids = [body.get("order_id") for body in dead if isinstance(body, dict)]
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
                body.get("order_id", body) if isinstance(body, dict) else body
                for body in whole.take("QueueUrl", 3, limit_s=16.0)
            ]
        )


def _locked(whole: Whole, bodies: list[str]) -> tuple[int, int]:
    """Sends messages while the table is locked, until some workers wait; connections through the proxy, and others."""
    shop = whole.shop
    with shop.database() as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        whole.send("QueueUrl", bodies)
        counts = (0, 0)

        def waiting() -> bool:
            nonlocal counts
            counts = max(counts, shop.sessions(), key=sum)
            return sum(counts) >= 3

        wait_until(waiting, 15.0)
        connection.rollback()
    return counts
