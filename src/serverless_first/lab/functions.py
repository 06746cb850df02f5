"""Helpers for checks of Lambda tasks: cold starts on demand, calls at once, a check's own functions and queues.

Whatever a check changes or makes with these is put back or taken away again, also when the check fails.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from serverless_cloud import ExecutionEnvironment
from serverless_first import cloud
from serverless_first.lab.attempt import Attempt, Reply
from serverless_first.lab.deployed_code import package_of

_PUT_BACK = ("Timeout", "MemorySize")
_SCRATCH_TIMEOUT_S = 30  # a check's own function says nothing about the learner, so it may be slow
_TIMES = re.compile(r"\t(Init Duration|Duration): ([\d.]+) ms")


@dataclass(frozen=True)
class Answer:
    """One of several calls at once, with its result, its error on one line (or an empty text), and the log's end."""

    payload: Any
    error: str
    log: str = ""


@contextlib.contextmanager
def borrowed(
    attempt: Attempt, name: str, *, variables_too: Mapping[str, str] | None = None
) -> Iterator[Callable[..., None]]:
    """Lends a function: gives a call that restarts it, and puts its settings back at the end.

    The call takes settings of update_function_configuration. It changes a variable of the environment each time, so
    the next invocation is a cold start.

    Args:
        variables_too: variables of the environment that the check sets with each restart, over the learner's own.
    """
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName=name)
    variables = (before.get("Environment") or {}).get("Variables") or {}

    def restart(**settings: Any) -> None:
        fresh = {**variables, **(variables_too or {}), "CHECK": uuid.uuid4().hex}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": fresh}, **settings)

    try:
        yield restart
    finally:
        settings = {setting: before[setting] for setting in _PUT_BACK}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables}, **settings)


@contextlib.contextmanager
def lent_code(attempt: Attempt, name: str, source: str, *, file: str) -> Iterator[None]:
    """Lends a function other code, and puts its own package back at the end.

    Args:
        source: the text of the module to lend.
        file: the module's file, as in "payment.py".
    """
    client, own = attempt.client("lambda"), package_of(attempt, name)
    client.update_function_code(FunctionName=name, ZipFile=zipped(source, file))
    try:
        yield
    finally:
        client.update_function_code(FunctionName=name, ZipFile=own)


def at_once(attempt: Attempt, name: str, events: Sequence[Any], *, apart_s: float = 0.0) -> list[Answer]:
    """Invokes a function with all events at the same moment; the answers in their order.

    Args:
        events: one for each call.
        apart_s: seconds between one call and the next, for calls that overlap but do not begin together.
    """
    # A client each, made one after the other: making clients is not safe in threads.
    clients = [attempt.client("lambda") for _ in events]
    together = threading.Barrier(len(events))

    def call(number: int, client: Any, event: Any) -> Answer:
        together.wait()
        time.sleep(number * apart_s)
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
        except client.exceptions.TooManyRequestsException as error:
            return Answer(None, f"TooManyRequestsException: {error.response['Error']['Message']}")
        payload = json.loads(answer["Payload"].read() or b"null")
        log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", errors="replace")
        if answer.get("FunctionError"):
            return Answer(payload, f"{payload.get('errorType')}: {payload.get('errorMessage')}", log)
        return Answer(payload, "", log)

    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(call, range(len(events)), clients, events))


def times_ms(reply: Reply | Answer) -> tuple[float, float]:
    """Init Duration (0 for a warm start) and Duration of a call, in milliseconds, from its REPORT line."""
    report = next(line for line in reply.log.splitlines() if line.startswith("REPORT "))
    times = {name: float(value) for name, value in _TIMES.findall(report)}
    return times.get("Init Duration", 0.0), times["Duration"]


def alive(name: str) -> list[ExecutionEnvironment]:
    """The execution environments of a function that have not ended, oldest first."""
    return [e for e in cloud.start().environments(name) if e.state != "ended"]


def log_lines(attempt: Attempt, name: str) -> list[str]:
    """Everything that a function has logged so far."""
    pages = attempt.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    return [event["message"].rstrip("\n") for page in pages for event in page["events"]]


class Scratch:
    """Functions and queues that a check makes for itself; a context manager that takes them away again.

    Args:
        like: name of a function of the learner's, whose role the functions get.
    """

    def __init__(self, attempt: Attempt, like: str) -> None:
        self._lambda, self._sqs, self._logs = (attempt.client(service) for service in ("lambda", "sqs", "logs"))
        self._role = self._lambda.get_function_configuration(FunctionName=like)["Role"]
        self._functions: list[str] = []
        self._queues: list[str] = []

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._functions:
            with contextlib.suppress(self._lambda.exceptions.ResourceNotFoundException):
                self._lambda.delete_function(FunctionName=name)
            with contextlib.suppress(self._logs.exceptions.ResourceNotFoundException):
                self._logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
        for url in self._queues:
            self._sqs.delete_queue(QueueUrl=url)

    def function(self, source: str) -> str:
        """Creates a function from the source of its module; its name."""
        name = f"check-{uuid.uuid4().hex[:8]}"
        self._lambda.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self._role,
            Handler="code_of_check.handler",
            Code={"ZipFile": zipped(source)},
            Timeout=_SCRATCH_TIMEOUT_S,
        )
        self._functions.append(name)
        return name

    def change(self, name: str, source: str) -> None:
        """Gives one of the functions other code."""
        self._lambda.update_function_code(FunctionName=name, ZipFile=zipped(source))

    def queue(self) -> tuple[str, str]:
        """Creates a queue; its URL and its ARN."""
        url = self._sqs.create_queue(QueueName=f"check-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        self._queues.append(url)
        return url, self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages_in(attempt: Attempt, queue_url: str) -> int:
    """How many messages a queue holds, including hidden messages."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = attempt.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def wait_until(condition: Callable[[], bool], limit_s: float = 8.0) -> bool:
    """Waits until a condition holds, at most `limit_s` seconds; whether it does."""
    end_s = time.monotonic() + limit_s
    while not (holds := condition()) and time.monotonic() < end_s:
        time.sleep(0.05)
    return holds


def fresh_id(kind: str) -> str:
    """A name that nobody has seen, as in "ord-3f9a1c"."""
    return f"{kind}-{uuid.uuid4().hex[:6]}"


def zipped(source: str, file: str = "code_of_check.py") -> bytes:
    """A package with one file, as Lambda takes it."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(file, source)
    return package.getvalue()
