"""The timer of schedules: order, scale, changes, and its end."""

from __future__ import annotations

import queue
from datetime import UTC, datetime, timedelta

from serverless_cloud.core.background import Tasks
from serverless_cloud.schedules.timer import Timer

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMIT_S = 10.0


class Bench:
    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.tasks = Tasks()
        self.timer = Timer("timer", self.tasks, lambda: self.scale)
        self.rung: queue.SimpleQueue[tuple[str, datetime]] = queue.SimpleQueue()

    def every(self, name: str, interval: timedelta, last: datetime | None = None) -> None:
        def next_after(moment: datetime) -> datetime | None:
            found = START + ((moment - START) // interval + 1) * interval
            return None if last is not None and found > last else found

        self.timer.set(name, START, next_after, lambda due: self.rung.put((name, due)))

    def heard(self) -> tuple[str, datetime]:
        return self.rung.get(timeout=LIMIT_S)


def test_each_time_comes_once_and_in_order_and_the_thread_ends_with_the_last_schedule() -> None:
    bench = Bench(6000.0)
    bench.every("minutely", MINUTE, START + 6 * MINUTE)
    bench.every("slow", 2.5 * MINUTE, START + 5 * MINUTE)
    heard = [bench.heard() for _ in range(10)]
    assert [due for name, due in heard if name == "minutely"] == [START + n * MINUTE for n in range(7)]
    assert [due for name, due in heard if name == "slow"] == [START, START + 2.5 * MINUTE, START + 5 * MINUTE]
    bench.every("again", MINUTE, START)
    assert bench.heard() == ("again", START)
    bench.tasks.clear()
    bench.timer.clear()


def test_a_change_of_scale_and_of_a_schedule_takes_effect_at_once() -> None:
    bench = Bench(1.0)
    bench.every("shop", MINUTE)
    assert bench.heard() == ("shop", START)
    bench.scale = 6000.0
    assert bench.heard() == ("shop", START + MINUTE)
    bench.every("shop", timedelta(days=1000))
    while bench.heard() != ("shop", START):  # what was rung before the change
        pass
    assert bench.rung.empty()
    bench.timer.cancel("shop")
    bench.timer.cancel("shop")
    bench.every("lamps", MINUTE)
    assert bench.heard() == ("lamps", START)
    bench.tasks.clear()
    bench.timer.clear()


def test_one_that_raises_does_not_stop_the_others() -> None:
    bench = Bench(600.0)

    def fail(due: datetime) -> None:
        raise ValueError(str(due))

    bench.timer.set("broken", START, lambda moment: moment + MINUTE, fail)
    bench.every("shop", MINUTE)
    assert [bench.heard()[1] for _ in range(3)] == [START, START + MINUTE, START + 2 * MINUTE]
    bench.tasks.clear()
    bench.timer.clear()
    bench.every("after reset", MINUTE)
    assert bench.heard() == ("after reset", START)
    bench.tasks.clear()
