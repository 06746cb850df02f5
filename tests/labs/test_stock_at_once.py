"""Task 8.4 sends a new order three times at the same time: what it says tells failed calls from lamps taken twice."""

from __future__ import annotations

import contextlib
import importlib.util

import pytest

from serverless_first import course
from serverless_first.lab import Attempt, CheckFailed
from serverless_first.lab.functions import Answer
from serverless_first.course.places import module_dir


def said_of(answers: list[Answer], left: list[int], monkeypatch: pytest.MonkeyPatch) -> str:
    """What the check says when the rounds of new orders, of two lamps each, end like this.

    Args:
        left: lamps left when the check counts them, one after the other.
    """
    path = module_dir("08-microservices-and-apis") / "checks_events.py"
    spec = importlib.util.spec_from_file_location("stock_at_once", path)
    assert spec
    assert spec.loader
    events = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(events)
    counts = iter(left)
    monkeypatch.setattr(events, "_left", lambda *_: next(counts))
    monkeypatch.setattr(events, "at_once", lambda *_: answers)
    monkeypatch.setattr(events, "meeting", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(events, "items", lambda *_: {"ord-17": {}})
    module = course.load().module("08")
    attempt = Attempt(next(task for task in module.tasks if task.id == "8.4"))
    behind = {"order_key": "ord-17", "quantity": 2}, '{"order_key": "ord-17", "quantity": 2}'
    with pytest.raises(CheckFailed) as failed:
        events._behind_a_repetition(attempt, '{"order_key": "ord-16"}', behind, "Kumo")
    return str(failed.value)


def test_three_calls_that_fail_are_not_lamps_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    conflict = Answer(None, "TransactionCanceledException: TransactionConflict")
    told = said_of([conflict] * 3, [100, 98, 98, 98], monkeypatch)
    assert "three times at the same time is not reserved at all" in told
    assert "lamps taken: 0; TransactionCanceledException: TransactionConflict" in told
    assert "more than once" not in told


def test_lamps_taken_twice_are_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    told = said_of([Answer(None, "")] * 3, [100, 98, 98, 94], monkeypatch)
    assert "takes its lamps more than once" in told
    assert "lamps taken: 4" in told
