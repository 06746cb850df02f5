"""Answers that are right in another way than the solution pass too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from serverless_first import course
from serverless_first.lab import Attempt, CheckFailed, Reply
from serverless_first.lab.checks import load_checks

Handler = Callable[[int, int, int], Any]


def judge(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> None:
    """Runs the check of task 0.1 on a handler that gets price, quantity and the number of the call."""
    calls = 0

    def invoke(self: Attempt, name: str, event: Any, *, qualifier: str | None = None) -> Reply:
        nonlocal calls
        calls += 1
        answer = json.loads(json.dumps(handler(event["price_yen"], event["quantity"], calls)))
        return Reply(answer, f"invoke {name} {qualifier or ''} with {event}", "", self.task.id)

    monkeypatch.setattr(Attempt, "invoke", invoke)
    module = course.load().module("00")
    load_checks(module)["0.1"](Attempt(module.tasks[0]))


@pytest.mark.parametrize(
    "handler",
    [
        lambda price, quantity, _: {"total_yen": price * quantity + 500},
        lambda price, quantity, _: {"total_yen": float(price * quantity + 500)},
        lambda price, quantity, call: {"total_yen": sum([price] * quantity, 500), "request": f"id-{call}"},
    ],
    ids=["the solution", "a float", "with a field that differs from call to call"],
)
def test_a_right_answer_passes(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> None:
    judge(monkeypatch, handler)


@pytest.mark.parametrize("answer", [None, "4800 * 2 + 500", {"total_yen": "10100"}, {"total_yen": 9600}])
def test_a_first_failure_shows_the_order_of_the_task_and_its_total(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    with pytest.raises(CheckFailed) as failure:
        judge(monkeypatch, lambda *_: answer)
    assert failure.value.called.endswith("with {'price_yen': 4800, 'quantity': 2}")
    assert failure.value.came_back == json.dumps(answer)
    assert '{"total_yen": 10100}' in failure.value.expected


def test_answers_learnt_from_the_check_do_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: dict[tuple[int, int], int] = {}
    for _ in range(3):
        with pytest.raises(CheckFailed):
            judge(monkeypatch, lambda price, quantity, call: {"total_yen": learnt.get((price, quantity), call)})
        learnt[4800, 2] = 10100
