"""Deliveries in the background: side by side, in order where a lane asks for it, forgotten. No cloud."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from serverless_cloud.core.background import Tasks
from serverless_cloud.sns.outbox import Delivery, Outbox, Undeliverable


def wait(event: threading.Event) -> None:
    """A receiver that takes its time."""
    event.wait(20)


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    """Ended after the test."""
    found = Tasks()
    yield found
    found.clear()


def test_a_slow_receiver_holds_nobody_else_up(tasks: Tasks, tools: Any) -> None:
    outbox, leave, arrived = Outbox(tasks, "test"), threading.Event(), []
    try:
        for _ in range(5):
            outbox.put(Delivery(lambda: wait(leave)))
        for number in range(50):
            outbox.put(Delivery(lambda n=number: arrived.append(n)))  # type: ignore[misc]
        tools.eventually(lambda: len(arrived) == 50, "the quick ones")
        assert sorted(arrived) == list(range(50))
    finally:
        leave.set()


def test_a_lane_keeps_its_order_through_failures(tasks: Tasks, tools: Any) -> None:
    outbox, arrived, given_up = Outbox(tasks, "test"), [], []

    def send(number: int) -> None:
        if number == 7:
            raise Undeliverable("gone")
        arrived.append(number)

    for number in range(10):
        outbox.put(
            Delivery(
                lambda n=number: send(n),  # type: ignore[misc]
                give_up=lambda reason, n=number: given_up.append((n, reason)),  # type: ignore[misc]
                lane="orders",
            )
        )
    tools.eventually(lambda: 9 in arrived, "the last one")
    assert arrived == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert given_up == [(7, "gone")]


def test_what_is_cleared_is_neither_given_up_nor_followed(tasks: Tasks, tools: Any) -> None:
    outbox, leave, ended = Outbox(tasks, "test"), threading.Event(), threading.Event()
    begun: list[int] = []
    given_up: list[str] = []
    later: list[int] = []

    def send() -> None:
        begun.append(1)
        wait(leave)
        ended.set()
        raise Undeliverable("gone")

    outbox.put(Delivery(send, given_up.append, lane="orders"))
    outbox.put(Delivery(lambda: begun.append(2), lane="orders"))
    tools.eventually(lambda: begun, "the first one")
    outbox.clear()
    outbox.put(Delivery(lambda: later.append(1), lane="orders"))
    tools.eventually(lambda: later, "the lane is free again")
    leave.set()
    assert ended.wait(20)
    outbox.put(Delivery(lambda: later.append(2), lane="orders"))
    tools.eventually(lambda: later == [1, 2], "the lane goes on")
    assert (begun, given_up) == ([1], [])


def test_a_bug_in_a_delivery_is_told_and_stops_nobody(tasks: Tasks, tools: Any, capfd: Any) -> None:
    outbox = Outbox(tasks, "test")
    given_up: list[str] = []
    arrived: list[int] = []
    outbox.put(Delivery(lambda: [][0], given_up.append, lane="orders"))
    outbox.put(Delivery(lambda: arrived.append(1), lane="orders"))
    tools.eventually(lambda: arrived, "the next one")
    assert given_up == ["IndexError: list index out of range"]
    assert "IndexError" in capfd.readouterr().err
