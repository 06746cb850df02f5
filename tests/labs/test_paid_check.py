"""Task 12.3 judges how each order ends: which status in the database passes, and what the check says of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from tests.labs.check_kit import attempt_at, checks_in

from serverless_first.lab import CheckFailed, whole_shop
from serverless_first.lab.whole_shop import Whole

MINE = {"order_id": "ord-1", "customer": "Aiko", "lamp": "Tsuki", "quantity": 2}
ASKED = {name: {**MINE, "key": "k-1", "token": f"token-{name}"} for name in ("paid", "refused", "busy", "throttled")}
OUTPUTS = {"paid": '{"paid": true}', "refused": ""}


class Cloud:
    """Lambda and Step Functions with one order and its execution; `done` lists the calls that change something."""

    def __init__(self, execution: str) -> None:
        self.execution = execution
        self.done: list[tuple[object, ...]] = []

    def put_function_concurrency(self, *, FunctionName: str, ReservedConcurrentExecutions: int) -> None:
        self.done.append(("concurrency", FunctionName, ReservedConcurrentExecutions))

    def send_task_success(self, *, taskToken: str, output: str) -> None:
        self.done.append(("success", taskToken, json.loads(output)))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:
        assert cause
        self.done.append(("failure", taskToken, error))

    def get_paginator(self, operation: str) -> Cloud:
        assert operation == "list_executions"
        return self

    def paginate(self, *, stateMachineArn: str) -> list[dict[str, Any]]:
        return [{"executions": [{"executionArn": f"{stateMachineArn}:ord-1"}]}]

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        assert executionArn.endswith(":ord-1")
        return {"status": self.execution, "input": json.dumps(MINE)}

    def get_execution_history(self, *, executionArn: str, reverseOrder: bool = False) -> dict[str, Any]:
        assert executionArn.endswith(":ord-1")
        return {"events": [{"type": "TaskFailed"}] * 2 if not reverseOrder else []}


class Shop:
    """The learner's shop, as far as the check needs it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.outputs = cloud, {"Ledger": "ledger", "PaymentMachineArn": "arn:payment"}

    def client(self, _service: str) -> Cloud:
        return self.cloud


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The checks of 12.3, which look once instead of waiting; the learner's shop asks the provider nothing more."""

    def look_once(condition: Callable[[], bool], _limit_s: float = 0.0) -> bool:
        return condition()

    checks = checks_in("12-capstone", "checks_flow")
    monkeypatch.setattr(whole_shop, "wait_until", look_once)
    monkeypatch.setattr(checks, "wait_until", look_once)
    monkeypatch.setattr(checks, "next_question", lambda *_: None)
    return checks


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Whole]:
    """Makes a shop whose order has this status in the database, or has no row if the status is empty."""

    def made(order: str, execution: str = "SUCCEEDED") -> Whole:
        rows = [(MINE["order_id"], order)] if order else []
        monkeypatch.setattr(Whole, "rows", lambda *_: rows)
        return Whole(attempt_at("12.3"), Shop(Cloud(execution)))  # type: ignore[arg-type]

    return made


def said_of(check: Callable[[], None]) -> str:
    """What the check says; empty if it passes."""
    try:
        check()
    except CheckFailed as failure:
        return str(failure)
    return ""


@pytest.mark.parametrize("status", ["accepted", "cancelled", ""])
def test_an_order_that_is_paid_while_ledger_is_busy_must_be_marked_once_there_is_room(
    flow: ModuleType, whole: Callable[..., Whole], status: str
) -> None:
    said = said_of(lambda: flow._throttled(whole(status), MINE, ASKED, list))
    assert "a paid order stays unmarked. The customer has paid and gets no lamp." in said
    assert f"came back: the order is: {status or 'no row'} " in said
    assert said_of(lambda: flow._throttled(whole("paid"), MINE, ASKED, list)) == ""


@pytest.mark.parametrize("status", ["paid", "accepted"])
def test_ledger_is_busy_while_the_provider_answers_and_has_room_again_whatever_comes_of_it(
    flow: ModuleType, whole: Callable[..., Whole], status: str
) -> None:
    mine = whole(status)
    said_of(lambda: flow._throttled(mine, MINE, ASKED, list))
    assert mine.shop.client("lambda").done == [
        ("concurrency", "ledger", 0),
        ("success", "token-throttled", {"paid": True}),
        ("concurrency", "ledger", 5),
    ]


@pytest.mark.parametrize(
    ("name", "status", "execution", "says"),
    [
        ("paid", "paid", "SUCCEEDED", ""),
        ("refused", "cancelled", "SUCCEEDED", ""),
        ("paid", "accepted", "SUCCEEDED", "The order is paid, but not marked as paid."),
        ("paid", "cancelled", "SUCCEEDED", "The order is paid, but not marked as paid."),
        ("paid", "", "SUCCEEDED", "The order is paid, but not marked as paid."),
        ("refused", "accepted", "SUCCEEDED", "The card is declined, but the order is not canceled."),
        ("refused", "paid", "SUCCEEDED", "The card is declined, but the order is not canceled."),
        ("paid", "paid", "FAILED", "its execution looks as if something went wrong."),
        ("refused", "cancelled", "TIMED_OUT", "its execution looks as if something went wrong."),
    ],
)
def test_each_answer_of_the_provider_has_its_ending(
    flow: ModuleType, whole: Callable[..., Whole], name: str, status: str, execution: str, says: str
) -> None:
    mine = whole(status, execution)
    said = said_of(lambda: flow._answered(mine, name, MINE, ASKED, OUTPUTS[name]))
    assert says in said if says else said == ""
    answers = {
        "paid": ("success", "token-paid", {"paid": True}),
        "refused": ("failure", "token-refused", "CardRefused"),
    }
    assert mine.shop.client("stepfunctions").done == [answers[name]]


@pytest.mark.parametrize("name", ["paid", "refused"])
def test_a_card_that_is_refused_is_not_tried_again(
    flow: ModuleType, whole: Callable[..., Whole], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "next_question", lambda *_: {**ASKED["refused"], "token": "another"})
    mine = whole("paid" if name == "paid" else "cancelled")
    said = said_of(lambda: flow._answered(mine, name, MINE, ASKED, OUTPUTS[name]))
    assert ("The provider has declined the card, but is asked again." in said) == (name == "refused")


def test_a_provider_that_is_busy_is_asked_again_and_its_second_answer_counts(
    flow: ModuleType, whole: Callable[..., Whole], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "A busy provider is not asked again" in said_of(lambda: flow._busy(whole("accepted"), MINE, ASKED))
    monkeypatch.setattr(flow, "next_question", lambda *_: {**ASKED["busy"], "token": "another"})
    mine = whole("paid")
    assert said_of(lambda: flow._busy(mine, MINE, ASKED)) == ""
    assert mine.shop.client("stepfunctions").done == [
        ("failure", "token-busy", "ProviderBusy"),
        ("success", "another", {"paid": True}),
    ]
    said = said_of(lambda: flow._busy(whole("accepted"), MINE, ASKED))
    assert "The provider's second reply is ignored." in said
