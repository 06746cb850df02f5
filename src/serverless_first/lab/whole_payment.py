"""Checks module 12's payment workflow when things go wrong."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from serverless_first.lab.failures import readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.whole_shop import Whole, order

Told = Callable[[], list[tuple[str, Any]]]
_TRIES = 2  # the retries of each Retry in the copy


def next_question(whole: Whole, order_id: str, limit_s: float) -> dict[str, Any] | None:
    """The next message to the provider about an order. Messages about other orders are dropped."""
    end_s = time.monotonic() + limit_s
    while (left_s := end_s - time.monotonic()) > 0:
        for question in whole.take("PaymentsQueueUrl", 1, limit_s=left_s):
            if isinstance(question, dict) and question.get("order_id") == order_id:
                return question
    return None


def last_failure(whole: Whole, arn: str) -> str:
    """The last failed attempt in an execution's history, even if the workflow retries it; "" if there is none."""
    if not arn:
        return ""
    states = whole.shop.client("stepfunctions")
    events = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    details = [part for event in events for part in event.values() if isinstance(part, dict) and part.get("error")]
    return f"{details[0]['error']}: {details[0].get('cause', '')}" if details else ""


def same_key(whole: Whole, first: dict[str, Any], second: dict[str, Any], called: str) -> None:
    """Checks that two requests about an order have the same key.

    Raises:
        CheckFailed: the keys differ.
    """
    whole.attempt.expect(
        first["key"] == second["key"],
        problem="The second request about an order has another key, so the customer is charged twice.",
        called=called,
        came_back=f"keys {readable(str(first['key'])[:40])} and {readable(str(second['key'])[:40])}",
        expected="the same key for every request about an order",
        look_at="the key in your MessageBody",
    )


def unanswered(whole: Whole, told: Told) -> None:
    """Checks that a provider that doesn't reply is asked again, and that no order is canceled if the provider breaks.

    It runs a copy of the learner's workflow with few retries, and with timeouts and pauses of one second.

    Raises:
        CheckFailed: there is no second request, the second request has another key, or the order is canceled.
    """
    attempt, states = whole.attempt, whole.shop.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=whole["PaymentMachineArn"])
    quick = _quick(json.loads(machine["definition"]))
    name = f"check-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(quick), roleArn=machine["roleArn"])[
        "stateMachineArn"
    ]
    mine = order()
    try:
        run = states.start_execution(
            stateMachineArn=arn, name=mine["order_id"], input=json.dumps(mine, sort_keys=True)
        )["executionArn"]
        first = next_question(whole, mine["order_id"], 10.0)
        second = next_question(whole, mine["order_id"], 10.0) if first else None
        called = "a copy of your workflow with timeouts of one second; the provider does not reply"
        attempt.expect(
            second is not None,
            problem="Your workflow waits forever for a provider that does not reply.",
            called=called,
            came_back="one request, and no second request within 10 s",
            expected="another request after the timeout",
            look_at="how long your first state waits, and which errors its Retry handles",
        )
        assert first is not None
        assert second is not None
        same_key(whole, first, second, called)
        _breaks(whole, mine["order_id"], run, second, told)
    finally:
        states.delete_state_machine(stateMachineArn=arn)


def _breaks(whole: Whole, order_id: str, run: str, question: dict[str, Any] | None, told: Told) -> None:
    """Replies to each request with an error that the workflow can't know, until the execution ends."""
    states = whole.shop.client("stepfunctions")
    end_s = time.monotonic() + 15.0
    while states.describe_execution(executionArn=run)["status"] == "RUNNING" and time.monotonic() < end_s:
        if question:
            try:
                states.send_task_failure(
                    taskToken=question["token"], error="OutOfPaper", cause="Charged. The receipt is not printed."
                )
            except states.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
                    raise
        question = next_question(whole, order_id, 0.5)

    def cancelled() -> bool:
        return any(
            kind.endswith(" OrderCancelled") and isinstance(detail, dict) and detail.get("order_id") == order_id
            for kind, detail in told()
        )

    whole.attempt.expect(
        not wait_until(cancelled, 1.0),
        problem="An order is canceled even though the provider may have charged it. The customer pays, but gets no "
        "lamp.",
        called="a copy of your workflow with few retries; the provider does not reply, then replies to each request "
        "with the error OutOfPaper",
        came_back="the event OrderCancelled",
        expected="no cancellation, because only CardRefused says that nothing was charged",
        look_at="which errors your Catch handles",
    )
    status = states.describe_execution(executionArn=run)["status"]
    whole.attempt.expect(
        status != "SUCCEEDED",
        problem="Your workflow gives up on an order as if all was well, so nobody looks into it.",
        called="a copy of your workflow with few retries; the provider does not reply, then replies to each request "
        "with the error OutOfPaper",
        came_back=f"the execution is {status}",
        expected="FAILED, because the customer may have paid",
        look_at="which errors your Catch handles, and what comes after it",
    )


def _quick(part: Any) -> Any:
    """The definition with few retries, and with all timeouts and pauses one second long."""
    if isinstance(part, list):
        return [_quick(each) for each in part]
    if not isinstance(part, dict):
        return part
    made = {name: _quick(value) for name, value in part.items() if name != "MaxDelaySeconds"}
    made |= {name: 1 for name in ("TimeoutSeconds", "HeartbeatSeconds", "IntervalSeconds") if name in made}
    if isinstance(tries := made.get("MaxAttempts"), int):
        made["MaxAttempts"] = min(tries, _TRIES)
    return made


def not_started(whole: Whole) -> None:
    """Checks that a message comes back if Step Functions can't start its execution.

    Raises:
        CheckFailed: the worker treats the message as done.
    """
    mine = record(json.dumps(order()))
    with whole.paused("Worker"), whole.away("Worker", "PaymentMachineArn"):
        good, came_back = whole.hand("Worker", mine)
    whole.attempt.expect(
        not good or mine["messageId"] in came_back,
        problem="A payment that could not be started counts as done. Its message is deleted, and nobody is charged.",
        called="invoke Worker with an order, while Step Functions cannot start an execution because the machine "
        "does not exist",
        came_back=came_back,
        expected="a failure, so that the message comes back",
        look_at="which errors functions/payment.py swallows",
    )
