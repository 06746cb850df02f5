"""Checks module 12's payment workflow when things go wrong."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from serverless_first.course.words import count
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.messages import record
from serverless_first.lab.whole_events import Eavesdropper
from serverless_first.lab.whole_shop import Whole, order

_TRIES = 1  # the retries of each Retry in the copy


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


def unanswered(whole: Whole) -> None:
    """Checks that a provider that doesn't reply is asked again, and that no order is canceled if the provider breaks.

    It runs a copy of the learner's workflow with few retries, and with timeouts and pauses of one second. The provider
    never replies about one order, and replies to each request about another with an error that the workflow can't know.

    Raises:
        CheckFailed: there is no second request, the second request has another key, or an order is canceled.
    """
    attempt, states = whole.attempt, whole.shop.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=whole["PaymentMachineArn"])
    quick = _quick(json.loads(machine["definition"]))
    name = f"check-{uuid.uuid4().hex[:8]}"
    arn = states.create_state_machine(name=name, definition=json.dumps(quick), roleArn=machine["roleArn"])[
        "stateMachineArn"
    ]
    silent, broken = order(), order()
    try:
        runs = {
            mine["order_id"]: states.start_execution(
                stateMachineArn=arn, name=mine["order_id"], input=json.dumps(mine, sort_keys=True)
            )["executionArn"]
            for mine in (silent, broken)
        }
        questions = _requests(whole, runs, broken["order_id"])[silent["order_id"]]
        called = "a copy of your workflow with few retries and timeouts of one second; the provider does not reply"
        status = states.describe_execution(executionArn=runs[silent["order_id"]])["status"]
        attempt.expect(
            len(questions) > 1,
            problem="If the provider does not reply, your workflow does not ask again.",
            called=called,
            came_back=f"{count(len(questions), 'request')}, and the execution is {status}",
            expected="another request after the timeout",
            look_at="how long your first state waits, and which errors its Retry handles",
        )
        same_key(whole, questions[0], questions[1], called)
        _is_open(whole, runs[silent["order_id"]], called)
        called = (
            "a copy of your workflow with few retries; the provider replies to each request with the error OutOfPaper"
        )
        _is_open(whole, runs[broken["order_id"]], called)
    finally:
        states.delete_state_machine(stateMachineArn=arn)


def _requests(whole: Whole, runs: dict[str, str], broken: str) -> dict[str, list[dict[str, Any]]]:
    """Collects the requests about each order until the executions have ended. Requests about `broken` get an error."""
    states = whole.shop.client("stepfunctions")
    requests: dict[str, list[dict[str, Any]]] = {order_id: [] for order_id in runs}

    def over() -> bool:
        for question in whole.take("PaymentsQueueUrl", 1, limit_s=0.2):
            order_id = question.get("order_id") if isinstance(question, dict) else None
            requests.get(str(order_id), []).append(question)
            if order_id == broken:
                _break(whole, question["token"])
        return all(states.describe_execution(executionArn=arn)["status"] != "RUNNING" for arn in runs.values())

    wait_until(over, 15.0)
    return requests


def _break(whole: Whole, token: str) -> None:
    states = whole.shop.client("stepfunctions")
    try:
        states.send_task_failure(taskToken=token, error="OutOfPaper", cause="Charged. The receipt is not printed.")
    except states.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
            raise


def _is_open(whole: Whole, run: str, called: str) -> None:
    """Expects that an execution has canceled nothing, and hasn't ended as if all was well."""
    states = whole.shop.client("stepfunctions")
    events = states.get_execution_history(executionArn=run, reverseOrder=True, maxResults=1000)["events"]
    scheduled = [part for event in events for name, part in event.items() if name.endswith("ScheduledEventDetails")]
    calls = [str(part.get("parameters") or part.get("input")) for part in scheduled]
    cancellations = [call for call in calls if "cancelled" in call.lower()]
    whole.attempt.expect(
        not cancellations,
        problem="An order is canceled even though the provider may have charged it. The customer pays, but gets no "
        "lamp.",
        called=called,
        came_back=f"your workflow calls another service with {cancellations[-1]}" if cancellations else "",
        expected="no cancellation, because only CardRefused says that nothing was charged",
        look_at="which errors your Catch handles",
    )
    status = states.describe_execution(executionArn=run)["status"]
    whole.attempt.expect(
        status != "SUCCEEDED",
        problem="Your workflow gives up on an order as if all was well, so nobody looks into it.",
        called=called,
        came_back=f"the execution is {status}",
        expected="FAILED, because the customer may have paid",
        look_at="which errors your Catch handles, and what comes after it",
    )


def _quick(part: Any) -> Any:
    """The definition with few retries, and with all timeouts and pauses one second long."""
    if isinstance(part, list):
        return [_quick(item) for item in part]
    if not isinstance(part, dict):
        return part
    copy = {name: _quick(value) for name, value in part.items() if name != "MaxDelaySeconds"}
    copy |= {name: 1 for name in ("TimeoutSeconds", "HeartbeatSeconds", "IntervalSeconds") if name in copy}
    if isinstance(tries := copy.get("MaxAttempts"), int):
        copy["MaxAttempts"] = min(tries, _TRIES)
    return copy


def not_started(whole: Whole, ear: Eavesdropper) -> None:
    """Checks that a message comes back if Step Functions can't start its execution.

    Args:
        ear: listens to functions/payment.py.

    Raises:
        CheckFailed: the worker treats the message as done.
    """
    with whole.paused("Worker"):
        with ear.failing("no payments"):
            _comes_back(whole, "too many executions are running (ExecutionLimitExceeded)")
        with whole.away("Worker", "PaymentMachineArn"):
            _comes_back(whole, "the machine does not exist")


def _comes_back(whole: Whole, why: str) -> None:
    mine = record(json.dumps(order()))
    good, came_back = whole.hand("Worker", mine)
    whole.attempt.expect(
        not good or mine["messageId"] in came_back,
        problem="A payment that could not be started counts as done. Its message is deleted, and nobody is charged.",
        called=f"invoke Worker with an order, while Step Functions cannot start an execution because {why}",
        came_back=came_back,
        expected="a failure, so that the message comes back",
        look_at="which errors functions/payment.py swallows",
    )
