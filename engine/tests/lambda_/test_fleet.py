"""Which environment serves a call, and which ones end: the fleet with environments that exist in name only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from serverless_cloud.core import clock, seat
from serverless_cloud.lambda_ import code, fleet as fleets
from serverless_cloud.lambda_.environment import Surroundings
from serverless_cloud.lambda_.fleet import Fleet, Placement
from serverless_cloud.lambda_.function import FunctionSpec
from serverless_cloud.lambda_.lifecycle import State

LIMIT_S = 10.0  # for what must come; only a failure waits as long
PRICE = FunctionSpec(
    account_id="123456789012", region="us-east-1", name="price",
    arn="arn:aws:lambda:us-east-1:123456789012:function:price", version="$LATEST", runtime="python3.13",
    handler="price.handler", timeout_s=3.0, memory_mb=128, environment={}, code_sha256="lamps",
)  # fmt: skip
ORDERS = replace(PRICE, name="orders", arn=PRICE.arn.replace("price", "orders"))

MakeFleet = Callable[[float], Fleet]


class Nothing:
    """An environment without a process; it is ready at once."""

    provisioned, invocations, init_ms = False, 0, 12.0

    def __init__(self, spec: FunctionSpec, *_: Any, when_ended: Callable[[], None], **__: Any) -> None:
        self.spec, self._when_ended = spec, when_ended
        self.state, self.last_used_s, self.has_ended = State.BUSY, clock.now_s(), threading.Event()

    def wait_initialised(self, limit_s: float) -> bool:
        return limit_s > 0

    def read_log(self) -> str:
        return ""

    def end(self) -> None:
        self.state = State.ENDED
        self.has_ended.set()
        self._when_ended()


@pytest.fixture
def make_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeFleet]:
    monkeypatch.delenv(seat.ALLOTMENT, raising=False)
    monkeypatch.setattr(fleets, "Environment", Nothing)
    monkeypatch.setattr(code, "unpack", lambda _packages, folder: folder)
    made: list[Fleet] = []

    def make(idle_expiry_s: float) -> Fleet:
        made.append(Fleet(Surroundings("http://127.0.0.1:9", tmp_path), idle_expiry_s, lambda *_: None))
        return made[-1]

    yield make
    for each in made:
        each.close()


def environment_of(place: Placement) -> Nothing:
    environment: Any = place.environment
    assert isinstance(environment, Nothing)
    return environment


def done(fleet: Fleet, place: Placement) -> Nothing:
    """The call ends; its environment, which is frozen now."""
    environment = environment_of(place)
    environment.state, environment.last_used_s = State.FROZEN, clock.now_s()
    fleet.release(place, environment.spec)
    return environment


def frozen(fleet: Fleet, spec: FunctionSpec, count: int) -> list[Nothing]:
    """Frozen environments after as many calls at the same moment; the last one was used last."""
    places = [fleet.acquire(spec) for _ in range(count)]
    return [done(fleet, place) for place in places]


@pytest.mark.parametrize(
    ("memory_mb", "asked_s", "kept_s"),
    [(None, 600.0, 600.0), (None, 5.0, 5.0), ("4096", 600.0, seat.IDLE_S), ("4096", 5.0, 5.0), ("many", 600.0, 600.0)],
)
def test_in_a_class_idle_environments_go_sooner_and_never_later(
    make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch, memory_mb: str | None, asked_s: float, kept_s: float
) -> None:
    if memory_mb is not None:
        monkeypatch.setenv(seat.ALLOTMENT, memory_mb)
    assert make_fleet(asked_s).idle_expiry_s == kept_s


def test_an_idle_environment_ends_by_itself(make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seat.ALLOTMENT, "4096")
    monkeypatch.setattr(seat, "IDLE_S", 0.04)
    fleet = make_fleet(600.0)
    busy = environment_of(fleet.acquire(PRICE))
    (idle,) = frozen(fleet, ORDERS, 1)
    assert idle.has_ended.wait(LIMIT_S)
    assert not busy.has_ended.is_set()


def test_the_environment_that_was_used_last_serves_and_one_call_at_a_time(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(600.0)
    older, newer = frozen(fleet, PRICE, 2)
    places = [fleet.acquire(PRICE) for _ in range(3)]
    assert [environment_of(place) for place in places[:2]] == [newer, older]
    assert environment_of(places[2]) not in (older, newer)
    assert [len(place.inits) for place in places] == [0, 0, 1]  # a cold start only where none was free
    assert environment_of(fleet.acquire(ORDERS)).spec.key == ORDERS.key


def test_new_code_ends_the_old_environments_and_a_busy_one_after_its_call(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(600.0)
    under_way = fleet.acquire(PRICE)
    (idle,), (other,) = frozen(fleet, PRICE, 1), frozen(fleet, ORDERS, 1)
    changed = replace(PRICE, code_sha256="lanterns", revision=1)
    fleet.retire(changed)
    assert (idle.state, environment_of(under_way).state, other.state) == (State.ENDED, State.BUSY, State.FROZEN)
    assert done(fleet, under_way).state is State.ENDED
    assert environment_of(fleet.acquire(changed)).spec.key == changed.key


def test_in_a_class_the_longest_idle_environment_makes_room(
    make_fleet: MakeFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(seat.ALLOTMENT, "650")
    monkeypatch.setattr(seat, "FEWEST", 3)
    fleet = make_fleet(600.0)
    oldest, newer = frozen(fleet, PRICE, 2)
    first = environment_of(fleet.acquire(ORDERS))
    assert State.ENDED not in (oldest.state, newer.state, first.state)  # three have room
    fleet.acquire(ORDERS)
    assert (oldest.state, newer.state, first.state) == (State.ENDED, State.FROZEN, State.BUSY)


def test_after_a_reset_nothing_from_before_is_kept(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(600.0)
    under_way = fleet.acquire(PRICE)
    (idle,) = frozen(fleet, PRICE, 1)
    fleet.clear()
    assert (idle.state, environment_of(under_way).state) == (State.ENDED, State.ENDED)
    fleet.release(under_way, PRICE)
    assert fleet.of("123456789012", "us-east-1") == []
    assert environment_of(fleet.acquire(PRICE)).state is State.BUSY
