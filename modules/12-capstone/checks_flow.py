"""Checks of module 12, task 12.3: the payment workflow."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from serverless_cloud.notebook import leftovers
from serverless_first.lab import Attempt, task, whole_payment as endings
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.show import say
from serverless_first.lab.whole_events import Eavesdropper
from serverless_first.lab.whole_payment import last_failure, next_question, same_key
from serverless_first.lab.whole_retries import judge_retries
from serverless_first.lab.whole_shop import FILES, Whole, deployed, log_of, order

Announcements = Callable[[], list[tuple[str, Any]]]
FULL_S = 4.0  # how long Ledger refuses; 60 times as long on AWS
FIELDS = ("order_id", "customer", "lamp", "quantity", "key", "token")
PAID, REFUSED = '{"paid": true}', "CardRefused"


@task("12.3")
def paid(attempt: Attempt) -> None:
    """The check is the provider: it charges, declines, is busy, says nothing. Each order has one announced outcome."""
    outputs = ["QueueUrl", "Worker", "Database", "PaymentMachineArn", "PaymentsQueueUrl", "Ledger", "Provider"]
    with _deployed(attempt, outputs) as (whole, ear), whole.paused("Provider"), _news(whole) as announcements:
        whole.purge("PaymentsQueueUrl")
        orders = {name: order() for name in ("paid", "refused", "busy", "throttled")}
        whole.send("QueueUrl", [json.dumps(body) for body in orders.values()])
        say("12.3: four orders, and the requests to the provider ...")
        questions = _questions(whole, orders)
        _answered(whole, "paid", orders["paid"], questions, PAID)
        _answered(whole, "refused", orders["refused"], questions, "")
        _busy(whole, orders["busy"], questions)
        say("12.3: Ledger is busy, an order comes again ...")
        _throttled(whole, orders["throttled"], questions, announcements)
        _again(whole, orders["paid"])
        endings.not_started(whole, ear)
        say("12.3: a provider that does not answer ...")
        endings.unanswered(whole)
        _check_announcements(whole, orders, announcements)
    say("12.3: each order is paid once or canceled, and each outcome is announced.")


@contextlib.contextmanager
def _deployed(attempt: Attempt, outputs: list[str]) -> Iterator[tuple[Whole, Eavesdropper]]:
    """The deployed shop with a sound Retry in each state, and an ear behind functions/payment.py."""
    with tempfile.TemporaryDirectory(dir=leftovers.scratch(), ignore_cleanup_errors=True) as folder:
        ear = Eavesdropper(Path(folder))
        whole = deployed(attempt, FILES["12.3"], outputs, instead=ear.behind("functions/payment.py"))
        judge_retries(whole)
        yield whole, ear


def _questions(whole: Whole, orders: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The requests to the provider, by the name of the order."""
    attempt = whole.attempt
    called = f"put {len(orders)} orders in the queue, then read the provider's queue"
    names = {message["order_id"]: name for name, message in orders.items()}
    messages: list[Any] = []
    end_s = time.monotonic() + 15.0
    while len(messages) < len(orders) and time.monotonic() < end_s and not _failed_attempt(whole):
        messages += whole.take("PaymentsQueueUrl", len(orders) - len(messages), limit_s=1.0)
    questions = {
        names.get(str(message.get("order_id")), ""): message for message in messages if isinstance(message, dict)
    }
    attempt.expect(
        set(questions) >= set(orders),
        problem="The provider is not asked about every order.",
        called=called,
        came_back=f"requests: {len(messages)} {readable(messages[:1])} {_trouble(whole)}",
        expected="a message for each order",
        look_at="functions/payment.py, and the first state of your workflow",
    )
    for name, mine in orders.items():
        question = questions[name]
        missing = [field for field in FIELDS if field not in question]
        attempt.expect(
            not missing,
            problem=f"The request to the provider lacks {', '.join(missing)}.",
            called=called,
            came_back={key: value for key, value in question.items() if key != "token"},
            expected="the four fields of the order, key and token",
            look_at="the MessageBody of your first state",
        )
        attempt.expect(
            all(question[field] == mine[field] for field in FIELDS[:4]),
            problem="The request to the provider does not match the order.",
            called=called,
            came_back={field: question[field] for field in FIELDS[:4]},
            expected=mine,
            look_at="the MessageBody of your first state",
        )
    attempt.expect(
        len({question["key"] for question in questions.values()}) == len(questions),
        problem="Different orders have the same key, so the provider charges only the first.",
        called=called,
        came_back=[question["key"] for question in questions.values()],
        expected="a different key for each order",
        look_at="the key in your MessageBody",
    )
    return questions


def _answered(whole: Whole, name: str, mine: dict[str, Any], questions: dict[str, dict[str, Any]], output: str) -> None:
    """The provider answers: paid, or refused if there is no output."""
    states, token = whole.shop.client("stepfunctions"), questions[name]["token"]
    if output:
        states.send_task_success(taskToken=token, output=output)
    else:
        states.send_task_failure(taskToken=token, error=REFUSED, cause="There is no money on this card.")
    expectation = "paid" if output else "cancelled"
    called = f"the provider replies: {'paid' if output else REFUSED}"
    more = _asked_again(whole, mine) if not output else None
    whole.attempt.expect(
        more is None,
        problem="The provider has declined the card, but is asked again.",
        called=called,
        came_back="another request for the same order",
        expected="no second request, because the reply will not change",
        look_at="which errors your Retry handles",
    )
    status = _marked(whole, mine, expectation)
    whole.attempt.expect(
        status == expectation,
        problem="The order is paid, but not marked as paid."
        if output
        else "The card is declined, but the order is not canceled.",
        called=called,
        came_back=f"the order is: {status} {_how(whole, mine)}",
        expected=expectation,
        look_at="the state that calls Ledger, and what leads to it",
    )
    status = _ended(whole, mine)
    whole.attempt.expect(
        status == "SUCCEEDED",
        problem="The order is done, but its execution looks as if something went wrong.",
        called=called,
        came_back=f"the execution is {status} {_how(whole, mine)}",
        expected="SUCCEEDED",
        look_at="the last state of this path",
    )


def _asked_again(whole: Whole, mine: dict[str, Any]) -> dict[str, Any] | None:
    """A second request about an order; None if its execution has ended without one."""
    more: list[dict[str, Any]] = []

    def over() -> bool:
        question = next_question(whole, mine["order_id"], 0.3)
        more.extend([question] if question else [])
        return bool(more) or _is_over(whole, mine) or _is_stuck(whole, mine)

    wait_until(over, 15.0)
    return more[0] if more else None


def _marked(whole: Whole, mine: dict[str, Any], status: str, limit_s: float = 15.0) -> str:
    """The status of an order, once it is the one that is wanted, or nothing can change it any more."""
    wait_until(lambda: _now(whole, mine) == status or _is_over(whole, mine) or _is_stuck(whole, mine), limit_s)
    return _now(whole, mine)


def _busy(whole: Whole, mine: dict[str, Any], questions: dict[str, dict[str, Any]]) -> None:
    states, called = whole.shop.client("stepfunctions"), "the provider replies with the error ProviderBusy"
    states.send_task_failure(taskToken=questions["busy"]["token"], error="ProviderBusy", cause="Come back later.")
    again = _asked_again(whole, mine)
    whole.attempt.expect(
        again is not None,
        problem="A busy provider is not asked again, and the workflow gives up on the order.",
        called=called,
        came_back=f"no second request; the order is: {_now(whole, mine)} {_how(whole, mine)}",
        expected="a second request, half a second later (30 s of AWS time)",
        look_at="the Retry of your first state, and which errors your Catch handles",
    )
    assert again is not None
    same_key(whole, questions["busy"], again, called)
    states.send_task_success(taskToken=again["token"], output=PAID)
    status = _marked(whole, mine, "paid")
    whole.attempt.expect(
        status == "paid",
        problem="The provider's second reply is ignored.",
        called=f"{called}, then: paid",
        came_back=f"the order is: {status} {_how(whole, mine)}",
        expected="paid",
        look_at="the token in your MessageBody, because each attempt has its own",
    )


def _throttled(
    whole: Whole, mine: dict[str, Any], questions: dict[str, dict[str, Any]], announcements: Announcements
) -> None:
    """Lambda refuses Ledger while the order is to be marked, and nothing is announced meanwhile."""
    functions, states = whole.shop.client("lambda"), whole.shop.client("stepfunctions")
    name = whole["Ledger"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        states.send_task_success(taskToken=questions["throttled"]["token"], output=PAID)
        end_s = time.monotonic() + FULL_S
        wait_until(lambda: (time.monotonic() > end_s and _refusals(whole, mine) >= 2) or _is_over(whole, mine), 15.0)
        early = [kind for kind, detail in announcements() if _is_about(detail, mine)]
    finally:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=5)
    whole.attempt.expect(
        not early,
        problem="An order is announced as paid before it is marked. Other services then see an order that is not paid.",
        called="the provider replies: paid, while Lambda rejects each call to Ledger",
        came_back=f"the order is: {_now(whole, mine)}, but the event {early[0] if early else ''} has been sent",
        expected="no event until Ledger has marked the order",
        look_at="the order of the states after the provider's reply",
    )
    status = _marked(whole, mine, "paid", 20.0)
    whole.attempt.expect(
        status == "paid",
        problem="Ledger was busy for a few minutes, and a paid order stays unmarked. The customer has paid and gets "
        "no lamp.",
        called=f"the provider replies: paid, while Lambda rejects each call to Ledger for {FULL_S:.0f} s, "
        f"which is {FULL_S:.0f} minutes of AWS time",
        came_back=f"the order is: {status} {_how(whole, mine)}",
        expected="paid, once Ledger has room again",
        look_at="the Retry of the state that calls Ledger, and how long all its pauses take together",
    )


def _again(whole: Whole, mine: dict[str, Any]) -> None:
    whole.send("QueueUrl", [json.dumps(mine)])
    wait_until(lambda: whole.shop.depth(whole["QueueUrl"]) == 0, 20.0)
    attempt, called = whole.attempt, "an order that was paid arrives a second time"
    more = next_question(whole, mine["order_id"], 1.0)
    attempt.expect(
        more is None,
        problem="An order that arrives twice is paid twice.",
        called=called,
        came_back="another request to the provider",
        expected="no second execution of the order",
        look_at="the name of the execution in functions/payment.py",
    )
    name = _execution(whole, mine).rpartition(":")[2]
    attempt.expect(
        name == mine["order_id"],
        problem="The execution of an order has another name than the order id.",
        called=called,
        came_back=name,
        expected=mine["order_id"],
        look_at="the name of the execution in functions/payment.py",
    )
    left = whole.shop.depth(whole["QueueUrl"])
    attempt.expect(
        left == 0,
        problem="An order that arrives twice causes an error in your worker.",
        called=called,
        came_back=f"messages in the order queue: {left}; {log_of(whole, 'Worker', 'rror')}",
        expected="an empty queue",
        look_at="what functions/payment.py does when the execution already exists",
    )


def _check_announcements(whole: Whole, orders: dict[str, dict[str, Any]], announcements: Announcements) -> None:
    kinds = {
        name: "hikari.orders OrderCancelled" if name == "refused" else "hikari.orders OrderPaid" for name in orders
    }

    def of(name: str) -> list[str]:
        mine = [kind for kind, detail in announcements() if _is_about(detail, orders[name])]
        return [kind for kind in mine if kind != "hikari.orders OrderAccepted"]

    wait_until(lambda: all(of(name) for name in orders), 4.0)
    for name, kind in kinds.items():
        own_kinds, came = of(name), sorted(Counter(kind for kind, _ in announcements()).items())
        ending = "cancelled" if name == "refused" else "paid"
        whole.attempt.expect(
            own_kinds == [kind],
            problem="An outcome is not announced, so no other service learns about it."
            if not own_kinds
            else "An outcome is announced twice."
            if set(own_kinds) == {kind}
            else "The wrong outcome is announced, or an outcome has another source or detail type.",
            called=f"an order that is {ending}; a rule on the bus collects the events",
            came_back=f"{readable(own_kinds)}; all events that arrived: {readable(came)}",
            expected=f'one event {kind}, with the detail {{"order_id": ...}}',
            look_at="the last state of this path",
        )


def _is_about(detail: Any, mine: dict[str, Any]) -> bool:
    return isinstance(detail, dict) and detail.get("order_id") == mine["order_id"]


@contextlib.contextmanager
def _news(whole: Whole) -> Iterator[Any]:
    """Listens to the bus; gives a call that tells source and detail type, and the detail, of what has come so far."""
    events, sqs = whole.shop.client("events"), whole.shop.client("sqs")
    name, bus = f"check-{uuid.uuid4().hex[:8]}", "hikari"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "check", "Arn": arn}])
    events_so_far: list[tuple[str, Any]] = []

    def announcements() -> list[tuple[str, Any]]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                event = json.loads(message["Body"])
                events_so_far.append((f"{event['source']} {event['detail-type']}", event["detail"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return events_so_far

    try:
        yield announcements
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["check"])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)


def _execution(whole: Whole, mine: dict[str, Any]) -> str:
    """The ARN of an order's execution, by its input; "" if there is none."""
    states = whole.shop.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=whole["PaymentMachineArn"])
    arns = [execution["executionArn"] for page in pages for execution in page["executions"]]
    named = [arn for arn in arns if mine["order_id"] in arn.rpartition(":")[2]]
    for arn in named or arns:
        if mine["order_id"] in states.describe_execution(executionArn=arn).get("input", ""):
            return str(arn)
    return ""


def _status_of(whole: Whole, mine: dict[str, Any]) -> str:
    arn = _execution(whole, mine)
    states = whole.shop.client("stepfunctions")
    return str(states.describe_execution(executionArn=arn)["status"]) if arn else "not there"


def _is_over(whole: Whole, mine: dict[str, Any]) -> bool:
    return _status_of(whole, mine) not in ("RUNNING", "not there")


def _ended(whole: Whole, mine: dict[str, Any]) -> str:
    """The status of the order's execution, when it has ended."""
    last_status = [""]

    def over() -> bool:
        last_status[0] = _status_of(whole, mine)
        return last_status[0] != "RUNNING"

    wait_until(over, 15.0)
    return last_status[0]


def _refusals(whole: Whole, mine: dict[str, Any]) -> int:
    arn = _execution(whole, mine)
    if not arn:
        return 0
    events = whole.shop.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    return sum(
        event["type"] in ("TaskFailed", "LambdaFunctionScheduleFailed", "LambdaFunctionFailed") for event in events
    )


def _how(whole: Whole, mine: dict[str, Any]) -> str:
    """How the order's execution stands, for messages."""
    arn = _execution(whole, mine)
    if not arn:
        return "(no execution)"
    states = whole.shop.client("stepfunctions")
    execution = states.describe_execution(executionArn=arn)
    events = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    last = next(
        (event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event), ""
    )
    why = f"{execution['error']}: {execution.get('cause', '')}" if execution.get("error") else last_failure(whole, arn)
    return f"(its execution: {execution['status']} in the state {last!r}{', ' if why else ''}{readable(why)})"


def _now(whole: Whole, mine: dict[str, Any]) -> str:
    return ", ".join(status for _, status in whole.rows([mine["order_id"]])) or "no row"


def _is_stuck(whole: Whole, mine: dict[str, Any]) -> bool:
    """Whether the order's execution repeats an attempt that can never succeed."""
    return "QueryEvaluationError" in last_failure(whole, _execution(whole, mine))


def _trouble(whole: Whole) -> str:
    """The errors in the worker's log, or else the last failed attempt of an execution since the check began."""
    return log_of(whole, "Worker", "rror") or _failed_attempt(whole)


def _failed_attempt(whole: Whole) -> str:
    states = whole.shop.client("stepfunctions")
    runs = states.list_executions(stateMachineArn=whole["PaymentMachineArn"], maxResults=10)["executions"]
    recent = [run for run in runs if run["startDate"].timestamp() * 1000 >= whole.begun_ms]
    failures = (last_failure(whole, run["executionArn"]) for run in recent)
    return next((f"an execution's last failed attempt: {readable(failure)}" for failure in failures if failure), "")
