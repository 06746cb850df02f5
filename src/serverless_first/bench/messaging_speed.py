"""How fast messages go through the local cloud."""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from serverless_first import cloud
from serverless_first.bench.function import NAME, client, deployed
from serverless_first.bench.measure import Measurement, benchmark, within

HANDLER = "def handler(event, context):\n    return len(event['Records'])\n"
MESSAGES, RUNS = 1000, 3
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
LIMIT_S = 60.0
LEAST_PER_S = 150.0


@contextlib.contextmanager
def queue_with_function() -> Iterator[tuple[Any, str]]:
    """A local cloud with a queue whose batches of ten go to a trivial function; an SQS client and the queue's URL."""
    with deployed(HANDLER):
        sqs = client("sqs", at_once=8)
        url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("lambda").create_event_source_mapping(FunctionName=NAME, EventSourceArn=arn, BatchSize=10)
        yield sqs, url


def _send(sqs: Any, url: str) -> None:
    def ten(first: int) -> None:
        bodies = [json.dumps({"order": number}) for number in range(first, first + 10)]
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        if failed := sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed"):
            raise RuntimeError(f"Messages were not accepted: {failed}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ten, range(0, MESSAGES, 10)))


def _left(sqs: Any, url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]
    return sum(int(count) for count in attributes.values())


def drained_s(sqs: Any, url: str) -> float:
    """The time from the first SendMessageBatch until the queue of 1,000 messages is empty, in seconds.

    Raises:
        RuntimeError: messages are left after a minute.
    """
    begun = time.perf_counter()
    _send(sqs, url)
    while left := _left(sqs, url):
        if time.perf_counter() - begun > LIMIT_S:
            raise RuntimeError(f"{left} messages are left after {LIMIT_S:.0f} s.")
        time.sleep(0.01)
    return time.perf_counter() - begun


@benchmark("sqs_messages_per_s")
def sqs_messages() -> Measurement:
    """From the first SendMessageBatch until the queue of 1,000 messages is empty."""
    rates = []
    with queue_with_function() as (sqs, url):
        for _ in range(RUNS):
            rates.append(MESSAGES / drained_s(sqs, url))
        environments = cloud.start().environments(NAME)
    calls = sum(e.invocations for e in environments)
    if calls * 10 < MESSAGES * RUNS:
        raise RuntimeError(f"{calls} calls cannot have taken {MESSAGES * RUNS} messages in batches of ten.")
    rate = within(statistics.median(rates), "messages a second through a mapping", least=LEAST_PER_S)
    against = (
        f"{MESSAGES} messages sent and taken in batches of at most 10 by a trivial handler, none left; {calls} calls "
        f"in {len(environments)} environments"
    )
    return Measurement("sqs_messages_per_s", rate, "1/s", against, RUNS)
