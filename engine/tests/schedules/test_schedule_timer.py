"""The clock of schedules: how it follows time_scale. The test sets the seconds, so none is waited for."""

from __future__ import annotations

import threading
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from serverless_cloud.core.background import Tasks
from serverless_cloud.schedules import timer

START = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
LIMIT_S = 30.0  # for what must come; only a failure waits as long


class Hand:
    """A timer whose seconds and whose scale a test sets by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tasks: Tasks) -> None:
        self.now_s, self.scale = 1000.0, 1.0
        monkeypatch.setattr(timer, "time", types.SimpleNamespace(monotonic=lambda: self.now_s))
        self.timer = timer.Timer("schedules", tasks, lambda: self.scale)

    def once(self, name: str, after: timedelta) -> threading.Event:
        """A schedule for one moment; the event is set when that has come."""
        rung, due = threading.Event(), START + after
        self.timer.set(name, START, lambda moment: due if moment < due else None, lambda _: rung.set())
        return rung


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    tasks = Tasks()
    yield Hand(monkeypatch, tasks)
    tasks.clear(LIMIT_S)


@pytest.mark.parametrize("scale", [0.5, 1.0, 60.0])
def test_the_clock_runs_time_scale_times_as_fast(hand: Hand, scale: float) -> None:
    hand.scale = scale
    early, late = hand.once("early", timedelta(minutes=5)), hand.once("late", timedelta(minutes=10))
    hand.now_s += 300 / scale + 1
    assert early.wait(LIMIT_S)
    assert not late.is_set()


@pytest.mark.parametrize(("before", "after"), [(60.0, 600.0), (60.0, 6.0), (1.0, 60.0)])
def test_a_new_scale_counts_from_now_on(hand: Hand, before: float, after: float) -> None:
    """What the clock has shown stays: of 30 minutes, 20 have gone at the old scale."""
    hand.scale = before
    rung = hand.once("half past", timedelta(minutes=30))
    hand.now_s += 20 * 60 / before
    hand.scale = after
    hand.once("another", timedelta(days=1))  # takes the new scale at once, not at the thread's next look
    hand.now_s += 9 * 60 / after
    sooner = hand.once("sooner", timedelta(0))
    assert sooner.wait(LIMIT_S)  # the thread has looked
    assert not rung.is_set()
    hand.now_s += 61 / after
    assert rung.wait(LIMIT_S)
