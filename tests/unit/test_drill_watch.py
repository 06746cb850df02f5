"""When a drill takes the shop for quiet, and when it waits no longer. Without a shop, on a clock that the test sets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serverless_first.drill import watch
from serverless_first.drill.record import OrderQueue


class Clock:
    """Time that passes only in sleep()."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class Shop:
    """A shop whose counts are functions of time.

    Args:
        of: name -> what it is at a time in seconds: "orders", "payments", "running", "rows", "ended".
        receives: maxReceiveCount of the queue of orders.
    """

    def __init__(self, clock: Clock, receives: int | None = 6, **of: Callable[[float], int]) -> None:
        self._clock, self._receives, self._of = clock, receives, of
        self.queues = {"orders": "orders", "payments": "payments"}

    def _now(self, name: str) -> int:
        of = self._of.get(name)
        return of(self._clock.now_s) if of else 0

    def depth(self, url: str) -> int:
        return self._now(url)

    def executions(self, status: str) -> int:
        assert status == "RUNNING"
        return self._now("running")

    def settings(self, url: str) -> OrderQueue:
        return OrderQueue(15.0, self._receives) if url == "orders" else OrderQueue(60.0, None)

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        yield self

    def execute(self, query: str, _: object) -> Shop:
        self._query = query
        return self

    def fetchone(self) -> tuple[int, ...]:
        return (
            (self._now("rows"),)
            if "DISTINCT order_id) FROM" in self._query
            else (self._now("rows"), self._now("ended"))
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(watch, "time", found)
    return found


def waited(shop: Any, limit_s: float = 600.0) -> tuple[bool, float]:
    """Whether it was quiet, and for how long the drill waited, to the second."""
    is_quiet, took_s = watch.wait_until_quiet(shop, "r1", limit_s, lambda _: None)
    return is_quiet, round(took_s)


def before(end_s: float, number: int = 1) -> Callable[[float], int]:
    return lambda now_s: number if now_s < end_s else 0


def test_it_is_quiet_when_nothing_waits_and_nothing_runs(clock: Clock) -> None:
    assert waited(Shop(clock)) == (True, 0)
    assert clock.now_s == (watch.QUIET_LOOKS - 1) * watch.EVERY_S
    clock.now_s = 0.0
    assert waited(Shop(clock, orders=before(5), payments=before(8), running=before(12))) == (True, 12)


def test_the_number_of_ended_orders_is_told(clock: Clock) -> None:
    told: list[int] = []
    watch.wait_until_quiet(Shop(clock, orders=before(2), ended=int), "r1", 60.0, told.append)  # type: ignore[arg-type]
    assert told == [0, 0, 1, 1, 2, 2, 3]


def test_a_poison_is_waited_for_as_long_as_its_queue_lets_it_try(clock: Clock) -> None:
    assert waited(Shop(clock, orders=before(6 * 15 + 5))) == (True, 95)


def test_a_queue_that_does_not_move_any_more_is_not_waited_for(clock: Clock) -> None:
    assert waited(Shop(clock, orders=before(1e9))) == (False, 0)
    assert 100 < clock.now_s < 102


def test_a_queue_without_dead_letters_keeps_its_poison(clock: Clock) -> None:
    shop = Shop(clock, receives=None, orders=before(1e9), running=before(20), ended=lambda now_s: int(min(now_s, 20)))
    assert waited(shop) == (False, 20)
    assert clock.now_s < 26


def test_executions_that_run_are_waited_for_longer_than_any_queue_hides_a_message(clock: Clock) -> None:
    assert waited(Shop(clock, running=before(95))) == (True, 95)
    assert waited(Shop(clock, receives=None, running=before(1e9)))[0] is False


def test_a_shop_that_goes_on_for_ever_is_left(clock: Clock) -> None:
    assert waited(Shop(clock, orders=lambda now_s: 1 + int(now_s)), limit_s=30)[0] is False
    assert clock.now_s < 32


def test_rows_are_waited_for_until_they_are_there_or_cannot_come(clock: Clock) -> None:
    there: Any = Shop(clock, orders=before(1e9), rows=lambda now_s: 2 if now_s > 3 else 0)
    watch.wait_for_rows(there, ["a", "b"], limit_s=30)
    assert 3 < clock.now_s < 5
    lost: Any = Shop(clock, orders=before(10))
    watch.wait_for_rows(lost, ["a", "b"], limit_s=30)
    assert 9 < clock.now_s < 11
    late: Any = Shop(clock, orders=before(1e9))
    watch.wait_for_rows(late, ["a", "b"], limit_s=30)
    assert 39 < clock.now_s < 43
