"""Helpers for checks of state machines: executions with the check's own inputs, and the news that they send."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from IPython import get_ipython

from serverless_cloud import CloudError
from serverless_first.lab.attempt import Attempt
from serverless_first.lab.failures import one_line, readable, shorten
from serverless_first.lab.functions import fresh_id, wait_until
from serverless_first.shop import hikari_workflows
from serverless_first.shop.hikari_workflows import Execution

_STUB = "raise NotImplementedError"  # in a cell that nobody has filled in


def machine_arn(attempt: Attempt, name: str) -> str:
    """The ARN of the learner's state machine.

    Raises:
        NotStarted: no machine has this name, and no cell has tried to create it.
        CheckFailed: a cell that should have created or changed it stopped before it did.
    """
    pages = attempt.client("stepfunctions").get_paginator("list_state_machines").paginate()
    arns = {machine["name"]: machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]}
    _expect_the_last_cell(attempt, name, is_there=name in arns)
    if name not in arns:
        attempt.not_started(f"There is no state machine {name} yet.")
    return str(arns[name])


def _expect_the_last_cell(attempt: Attempt, name: str, *, is_there: bool) -> None:
    """Fails if a cell after the one that changed the machine should also have changed it, but stopped before.

    IPython keeps the text of each cell that was run, even if it does not compile.
    """
    if (shell := get_ipython()) is None:
        return
    changed_in = hikari_workflows.CHANGED_IN.get(name, 0)
    history = shell.history_manager.input_hist_raw
    cells = [  # %reset forgets cells, not their number
        (number, source)
        for number, source in enumerate(history, shell.execution_count + 1 - len(history))
        if is_there or _STUB not in source
    ]
    last = max((number for number, source in cells if _changes(shell.transform_cell(source), name)), default=0)
    before = f"the machine of cell [{changed_in}]" if changed_in else "the machine from before this kernel started"
    attempt.expect(
        last <= changed_in,
        problem=f"Your cell stopped before it changed the state machine {name}, so there is nothing new to check."
        if is_there
        else f"Your cell stopped before it created the state machine {name}, so there is nothing to check.",
        called=f"machine({name!r}, ...) in cell [{last}]",
        came_back=f"{before}, unchanged" if is_there else "no machine of this name",
        expected="a cell that reaches this call, and a definition that Step Functions accepts",
        look_at=f"the error below cell [{last}]. Correct it, then run the cell and this check again",
    )


def _changes(source: str, name: str) -> bool:
    """Whether a cell calls `machine` for a state machine of this name as it runs."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # such a cell can't be analyzed, so its words decide
        return re.search(rf"""^[^#\n]*\bmachine\(\s*["']{re.escape(name)}["']""", source, re.MULTILINE) is not None
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    calls = [
        node
        for statement in statements
        if not isinstance(statement, definitions)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "machine"
    ]
    names = [[*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")] for call in calls]
    return any(isinstance(arg, ast.Constant) and arg.value == name for args in names for arg in args)


def ended(attempt: Attempt, called: str, execution_arn: str, limit_s: float, look_at: str) -> Execution:
    """Waits for the end of an execution. If it still runs after the limit, stops it and fails the check.

    Args:
        called: what was started, for the message.
        limit_s: how long to wait, in seconds.
        look_at: where to look if it does not end.
    """
    try:
        return hikari_workflows.ended(execution_arn, limit_s)
    except CloudError:
        history = attempt.client("stepfunctions").get_execution_history(executionArn=execution_arn, reverseOrder=True)
        entered = [e["stateEnteredEventDetails"]["name"] for e in history["events"] if "stateEnteredEventDetails" in e]
        attempt.client("stepfunctions").stop_execution(executionArn=execution_arn)
        attempt.fail(
            "The execution does not end.",
            called=called,
            came_back=f"after {limit_s:.0f} s, it is still in the state {entered[0] if entered else '(none)'}",
            expected="an execution that ends",
            look_at=look_at,
        )


def how_it_ended(execution: Execution) -> str:
    """Status, and the error with its cause, for a message."""
    if not execution.error:
        return execution.status
    cause = one_line(_reason(execution.cause))
    return f"{execution.status}, {execution.error}" + (f": {shorten(cause)}" if cause else "")


def _reason(cause: str) -> str:
    """The message in the cause of a function's error, or in a job's description; any other cause as it is."""
    try:
        details = json.loads(cause)
    except ValueError:
        return cause
    names = ("errorMessage", "StatusReason")
    return (
        next((str(details[name]) for name in names if name in details), cause) if isinstance(details, dict) else cause
    )


def run_all(
    attempt: Attempt,
    name: str,
    inputs: Sequence[Any],
    limit_s: float = 30.0,
    look_at: str = "the states of your machine",
) -> list[Execution]:
    """Starts an execution for each input, all at once, and waits for their ends; the executions in this order."""
    arn = machine_arn(attempt, name)
    running = [hikari_workflows.start(arn, payload) for payload in inputs]
    return [
        ended(attempt, f"an execution of {name} with {readable(payload)}", execution, limit_s, look_at)
        for payload, execution in zip(inputs, running, strict=True)
    ]


class News:
    """Listens to a topic with its own queue, as a context manager.

    Args:
        key: the field of a message by which the messages are sorted.
        known: the values of the key in the check's inputs. Messages with other values are stray.
    """

    def __init__(self, attempt: Attempt, topic: str, key: str, known: Collection[str] = ()) -> None:
        self._sns, self._sqs, self._key = attempt.client("sns"), attempt.client("sqs"), key
        self._topic = self._sns.create_topic(Name=topic)["TopicArn"]
        self._messages: dict[Any, list[tuple[Any, float]]] = defaultdict(list)
        self._known = set(known)
        self.key = key
        #: Messages that aren't JSON objects with the key.
        self.strange: list[str] = []

    def __enter__(self) -> News:
        self._queue = self._sqs.create_queue(QueueName=fresh_id("check-news"))["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        self._subscription = self._sns.subscribe(
            TopicArn=self._topic,
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return self

    def __exit__(self, *_: object) -> None:
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def about(self, value: object, number: int = 1) -> list[tuple[Any, float]]:
        """The messages about something, each with the time at which it was sent, in seconds since 1970.

        Args:
            value: the value of the key.
            number: how many are waited for, at most two seconds.
        """
        wait_until(lambda: self._take() and len(self._messages[value]) >= number, 2.0)
        return list(self._messages[value])

    @property
    def stray(self) -> list[Any]:
        """The messages so far about something that is in none of the check's inputs."""
        if not self._known:
            return []
        return [
            message for key, messages in self._messages.items() if key not in self._known for message, _ in messages
        ]

    def _take(self) -> bool:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
        )
        for message in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            body = message["Body"]
            try:
                content = json.loads(body)
            except ValueError:
                content = body
            if isinstance(content, dict) and isinstance(content.get(self._key), str):
                self._messages[content[self._key]].append((content, int(message["Attributes"]["SentTimestamp"]) / 1000))
            else:
                self.strange.append(body)
        return True


def expect_one(
    attempt: Attempt,
    news: News,
    value: str,
    message: dict[str, str],
    execution: Execution,
    *,
    called: str,
    look_at: str,
) -> float:
    """Checks that there is one message about something, and that it is this one; the time at which it was sent.

    Args:
        value: the value of the key.
        execution: the execution that should have sent it; if it did not, its end says why.
        called: what was started, for the message of a failure.
        look_at: where to look then.
    """
    arrivals = news.about(value)
    messages = [one for one, _ in arrivals]
    attempt.expect(
        bool(messages or not news.stray),
        problem=f"There is a message, but its \"{news.key}\" isn't from this execution's input.",
        called=called,
        came_back=readable(news.stray),
        expected=readable(message),
        look_at=f'where "{news.key}" comes from in your definition, because a fixed value is the same each time',
    )
    if not messages:
        problem = "The shop hears nothing, because there is no message about this." if not news.strange else (
            "There is a message, but it is not the JSON object that the shop reads."
        )  # fmt: skip
    elif len(messages) > 1:
        problem = f"There are {len(messages)} messages about this, and the shop believes each of them."
    else:
        problem = "The message does not say what happened."
    attempt.expect(
        messages == [message],
        problem=problem,
        called=called,
        came_back=readable(messages or news.strange)
        if messages or news.strange
        else f"no message; the execution: {how_it_ended(execution)}",
        expected=readable(message),
        look_at=look_at,
    )
    return arrivals[0][1]
