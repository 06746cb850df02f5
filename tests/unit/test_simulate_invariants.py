"""What holds for every fleet and pool, whatever the requests: hypothesis looks for one where it does not."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from serverless_first.simulate import fleet, loops, pool
from serverless_first.simulate.inputs import Floats

# Quarters of a second: arrivals, ends and expiries meet at the same moments again and again.
QUARTERS = st.integers(1, 40).map(lambda number: number / 4)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Up to 60 requests: arrivals, service times, and what a cold start takes on top."""
    number = draw(st.integers(1, 60))
    gaps = draw(st.lists(st.integers(0, 12), min_size=number, max_size=number))
    services = draw(st.lists(QUARTERS, min_size=number, max_size=number))
    inits = draw(st.lists(QUARTERS, min_size=number, max_size=number))
    return {"arrivals_s": np.cumsum(gaps) / 4, "service_s": np.array(services), "init_s": np.array(inits)}


EXPIRIES = st.sampled_from([0.0, 0.25, 1.0, 5.0, 20.0, math.inf])
CAPS = st.none() | st.integers(0, 8)
ROUTINGS = st.sampled_from(["most-recently-used", "newest-created"])


def most_at_once(begins_s: Floats, ends_s: Floats) -> int:
    """The most intervals that are open at the same moment; what ends at a moment does not meet what begins at it."""
    moments_s = np.concatenate([ends_s, begins_s])
    steps = np.repeat([-1, 1], [ends_s.size, begins_s.size])
    return int(np.max(np.cumsum(steps[np.argsort(moments_s, kind="stable")]), initial=0))


def assert_sound(run: fleet.FleetResult, expiry_s: float) -> None:
    """Requests are conserved, no environment has two at once, and none outlives its expiry."""
    served = run.outcomes != fleet.THROTTLED
    assert run.warm + run.cold + run.throttled == run.outcomes.size
    assert np.array_equal(run.environment < 0, ~served)
    assert np.array_equal(np.isnan(run.end_s), ~served)
    for number in range(run.cold):
        own = np.flatnonzero(run.environment == number)
        assert np.all(run.start_s[own[1:]] >= run.end_s[own[:-1]])
        idle_s = run.start_s[own[1:]] - run.end_s[own[:-1]]
        assert np.all(idle_s < expiry_s)
        assert np.array_equal(run.idle_until_s[own[:-1]], run.start_s[own[1:]])
        cold = run.outcomes[own] == fleet.COLD
        assert not cold[1:].any()
        assert cold[0]  # each started environment serves: it was started for a request
    assert 0 <= run.mean_busy <= run.outcomes.size
    assert 0 <= run.mean_idle <= run.cold


@settings(deadline=None, max_examples=150)
@given(made=requests(), expiry_s=EXPIRIES, cap=CAPS, routing=ROUTINGS)
def test_a_fleet_is_sound_and_never_more_are_busy_than_may_be(
    made: dict[str, Any], expiry_s: float, cap: int | None, routing: fleet.Routing
) -> None:
    cold_s = made["service_s"] + made["init_s"]
    last_s = float(np.max(made["arrivals_s"] + cold_s))
    run = fleet.simulate(made["arrivals_s"], made["service_s"], cold_s, expiry_s, cap, routing, last_s)
    assert_sound(run, expiry_s)
    served = run.environment >= 0
    most = most_at_once(run.start_s[served], run.end_s[served])
    if cap is None:
        assert run.throttled == 0
    else:
        assert most <= cap
        assert (run.throttled > 0) <= (most == cap)  # refused only where the limit was reached
    assert run.mean_busy == pytest.approx(float(np.sum(run.end_s[served] - run.start_s[served])) / last_s)


@settings(deadline=None, max_examples=150)
@given(made=requests(), expiry_s=EXPIRIES, longer_s=QUARTERS)
def test_a_longer_expiry_never_means_more_cold_starts(made: dict[str, Any], expiry_s: float, longer_s: float) -> None:
    # With services that are the same warm and cold: else an environment that is warm is free earlier, which can make
    # the next one cold.
    arrivals_s, service_s = made["arrivals_s"], made["service_s"]
    short, long = (
        fleet.simulate(arrivals_s, service_s, service_s, expiry, horizon_s=1e4)
        for expiry in (expiry_s, expiry_s + longer_s)
    )
    assert long.cold <= short.cold
    assert long.mean_idle >= short.mean_idle
    assert long.mean_busy == short.mean_busy


@settings(deadline=None, max_examples=150)
@given(made=requests(), cap=st.integers(0, 8))
def test_of_equal_services_a_higher_limit_never_throttles_more(made: dict[str, Any], cap: int) -> None:
    # Of unequal ones it may: the request that is let in can be a long one.
    arrivals_s = made["arrivals_s"]
    lower, higher = (fleet.simulate(arrivals_s, 2.5, 2.5, 5.0, limit, horizon_s=1e4) for limit in (cap, cap + 1))
    assert higher.throttled <= lower.throttled


PATIENCE = st.none() | QUARTERS
ROOM = st.none() | st.integers(0, 10)


@settings(deadline=None, max_examples=150)
@given(made=requests(), connections=st.integers(1, 6), timeout_s=PATIENCE, patience=PATIENCE, room=ROOM)
def test_a_pool_lends_each_connection_once_and_serves_in_order(
    made: dict[str, Any], connections: int, timeout_s: float | None, patience: float | None, room: int | None
) -> None:
    run = pool.simulate(
        made["arrivals_s"],
        made["service_s"],
        connections,
        timeout_s,
        patience_s=None if patience is None else made["init_s"] * patience,
        max_waiting=room,
    )
    assert run.served + run.timed_out + run.refused == run.requests == made["arrivals_s"].size
    served = ~np.isnan(run.wait_s)
    begins_s = (run.arrival_s + run.wait_s)[served]
    assert np.all(np.diff(begins_s) >= 0)  # first come, first served
    assert most_at_once(begins_s, run.end_s[served]) <= connections
    assert np.all((run.wait_s[served] < run.patience_s[served]) | (run.wait_s[served] == 0))
    assert room is not None or run.refused == 0
    assert room is None or run.most_waiting <= room


@settings(deadline=None, max_examples=150)
@given(made=requests(), connections=st.integers(1, 6))
def test_more_connections_never_mean_that_anybody_waits_longer(made: dict[str, Any], connections: int) -> None:
    fewer, more = (
        pool.simulate(made["arrivals_s"], made["service_s"], number).wait_s for number in (connections, connections + 1)
    )
    assert np.all(more <= fewer)


@settings(deadline=None, max_examples=60)
@given(numbers=st.lists(st.integers(-1, 200_000), min_size=1, max_size=200))
def test_environments_are_sorted_as_a_stable_sort_does(numbers: list[int]) -> None:
    given_numbers = np.maximum(np.array(numbers, dtype=np.int64), 0)
    assert np.array_equal(loops.by_environment(given_numbers), np.argsort(given_numbers, kind="stable"))


def test_what_is_worked_out_part_by_part_is_what_it_is_as_a_whole() -> None:
    # More requests than a part has, and environments and throttled requests in each.
    seed, number = 2026, 600_000
    rng = np.random.default_rng(seed)
    arrivals_s, services_s = np.cumsum(rng.exponential(0.1, number)), rng.exponential(1.0, number)
    run = fleet.simulate(arrivals_s, services_s, services_s + 0.5, 4.0, 14)
    assert min(run.cold, run.warm, run.throttled) > 1000
    order = np.argsort(run.environment, kind="stable")
    order = order[run.environment[order] >= 0]
    same = run.environment[order[1:]] == run.environment[order[:-1]]
    again_s = np.full(number, np.inf)
    again_s[order[:-1][same]] = arrivals_s[order[1:][same]]
    assert np.array_equal(run.idle_until_s, np.minimum(run.end_s + 4.0, again_s), equal_nan=True)
    cold = np.sort(order[np.concatenate([[True], ~same])])
    assert np.array_equal(np.flatnonzero(run.outcomes == fleet.COLD), cold)
    served = run.outcomes != fleet.THROTTLED
    busy_s = float(np.sum((run.end_s - run.start_s)[served]))
    assert run.mean_busy == pytest.approx(busy_s / run.horizon_s, rel=1e-12)


def test_an_environment_is_followed_over_any_number_of_other_requests() -> None:
    environment = np.concatenate([[0, 0, 2, -1], np.ones(600_000, dtype=np.int64), [2, 0, -2]])
    arrivals_s = np.arange(environment.size, dtype=np.float64)
    again_s = loops.taken_again_s(arrivals_s, environment)
    assert again_s[[0, 1, 2, 3]].tolist() == [1, environment.size - 2, environment.size - 3, math.inf]
    assert np.array_equal(again_s[4:600_003], arrivals_s[5:600_004])
    assert np.all(again_s[600_003:] == math.inf)
    assert loops.taken_again_s(arrivals_s[[0]], np.array([-1])).tolist() == [math.inf]
    first = np.concatenate([[0], np.ones(600_000, dtype=np.int64), [0]])
    assert loops.taken_again_s(np.arange(first.size, dtype=np.float64), first)[0] == 600_001


def test_memory_is_a_small_multiple_of_the_result() -> None:
    number = 150_000
    arrivals_s, services_s = np.arange(number) * 1.0, np.full(number, 1.5)
    tracemalloc.start()
    try:
        run = fleet.simulate(arrivals_s, services_s, services_s)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    result = sum(value.nbytes for value in vars(run).values() if isinstance(value, np.ndarray))
    assert kept == pytest.approx(result, rel=0.05)
    assert most < 3 * result


@pytest.mark.parametrize(
    ("run", "name"),
    [(fleet.simulate, "arrivals_s"), (pool.simulate, "arrivals_s"), (pool.simulate, "service_s")],
)
def test_a_billion_requests_are_refused_before_they_take_memory(run: Any, name: str) -> None:
    billion = np.broadcast_to(1.0, 10**9)
    given_ones = {"arrivals_s": [1.0], "service_s": 1.0} if run is pool.simulate else {"warm_service_s": 1.0}
    given_ones |= {} if run is pool.simulate else {"cold_service_s": 1.0}
    with pytest.raises(ValueError, match=f"{name} holds 1,000,000,000 numbers. Give at most 100,000,000"):
        run(**(given_ones | {name: billion}))
