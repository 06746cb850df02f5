"""What a receiver takes out of a queue, on a machine that is so busy that each look at the clock shows a later time."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from moto.sqs import models

from serverless_cloud.core import clock
from serverless_cloud.services.sqs import queues as sqs_queues

STEP_MS = 5.0


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A queue with three messages."""
    times = itertools.count(1_000_000.0, STEP_MS)
    for module, name in ((clock, "now_ms"), (models, "unix_time_millis")):
        monkeypatch.setattr(module, name, lambda: next(times))
    messages: list[Any] = [models.Message(name, name) for name in ("a1", "a2", "a3")]
    for message in messages:
        message.mark_sent()
        message.told_sent_ms = 0
    return SimpleNamespace(
        _messages=messages, _pending_messages=set(), fifo_queue=False, redrive_policy={}, message_retention_period=60,
        account_id="123456789012", region="ap-northeast-1",
    )  # fmt: skip


def taken(queue: Any, visibility_timeout_s: float) -> list[str]:
    """The bodies of what a receiver gets."""
    return [message.body for message in sqs_queues._take(queue, 10, visibility_timeout_s, 10_000)]


def test_what_was_received_together_comes_back_together(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken(queue, visibility_timeout_s=30) == ["a1", "a2", "a3"]
    back_ms = {message.visible_at for message in queue._messages}
    assert len(back_ms) == 1
    monkeypatch.setattr(clock, "now_ms", lambda: max(back_ms))
    assert taken(queue, visibility_timeout_s=30) == []
    monkeypatch.setattr(clock, "now_ms", lambda: min(back_ms) + 0.1)
    assert taken(queue, visibility_timeout_s=30) == ["a1", "a2", "a3"]


def test_without_a_visibility_timeout_it_can_be_received_again_at_once(queue: Any) -> None:
    assert taken(queue, visibility_timeout_s=0) == ["a1", "a2", "a3"]
    assert taken(queue, visibility_timeout_s=0) == ["a1", "a2", "a3"]
