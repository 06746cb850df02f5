"""Calls and messages against queueing theory, arithmetic, and each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from serverless_cloud.sources.sqs_scaling import Scaling
from serverless_first.simulate import pool, queueing, traces


def mmck(load: float, places: int, most: int) -> tuple[float, float]:
    """M/M/c/K: the share that is refused, and the calls that wait on average. `load` is rate x service."""
    weights = [1.0]
    for n in range(1, most + 1):
        weights.append(weights[-1] * load / min(n, places))
    total = math.fsum(weights)
    waiting = math.fsum((n - places) * weight for n, weight in enumerate(weights) if n > places) / total
    return weights[-1] / total, waiting


@pytest.mark.parametrize(
    ("load", "places", "room"), [(8.0, 10, 0), (12.0, 10, 0), (3.5, 4, 6), (6.0, 4, 20), (0.7, 1, 3)]
)
def test_random_calls_are_lost_and_wait_as_m_m_c_k_says(load: float, places: int, room: int) -> None:
    """20 runs, seeds 0 to 19: the average of each lies within 3.5 standard errors of the formula."""
    lost, wait = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        arrivals_s = np.cumsum(rng.exponential(1 / load, 20_000))
        run = queueing.calls(arrivals_s, rng.exponential(1.0, arrivals_s.size), places, waiting_room=room)
        lost.append(run.lost / run.calls)
        wait.append(float(np.nanmean(run.wait_s)))
    refused, waiting = mmck(load, places, places + room)
    for found, expected in ((lost, refused), (wait, waiting / (load * (1 - refused)))):  # Little's law
        error = float(np.std(found, ddof=1)) / math.sqrt(len(found))
        assert abs(float(np.mean(found)) - expected) <= 3.5 * error, (expected, np.mean(found), error)


def test_calls_at_fixed_times_by_arithmetic() -> None:
    """A call a second, three seconds each, two places, no seat: of each three calls one is refused."""
    run = queueing.calls(np.arange(300.0), 3.0, 2)
    assert (run.handled, run.lost) == (200, 100)
    with_seat = queueing.calls([0, 0, 0, 0], [4.0, 2.0, 1.0, 1.0], 2, waiting_room=2)
    assert with_seat.begin_s.tolist() == [0, 0, 2, 3]


def test_messages_at_fixed_times_by_arithmetic() -> None:
    """A message a second, three seconds each, two at a time: message 2 j begins at 3 j, message 2 j + 1 at 3 j + 1."""
    run = queueing.queue(np.arange(100.0), 3.0, maximum_concurrency=2)
    pairs = np.arange(50.0)
    assert run.begin_s[0::2].tolist() == (3 * pairs).tolist()
    assert run.begin_s[1::2].tolist() == (3 * pairs + 1).tolist()
    assert run.lost == 0
    assert run.backlog(99.0) == 100 - 2 * 33 - 1  # those that had begun by then: 67
    assert run.oldest_age_s(99.0) == 99 - 67
    assert run.oldest_s == (3 * 49 + 1) - 99
    assert run.done_s == 3 * 49 + 1 + 3


def test_with_a_fixed_limit_a_queue_is_a_pool() -> None:
    """Up to five at a time the limit never grows: M/M/c with endless patience, which `pool` simulates as well."""
    arrivals_s = traces.arrivals(traces.steady(4, 3000), 11)
    services_s = np.random.default_rng(11).exponential(0.9, arrivals_s.size)
    run = queueing.queue(arrivals_s, services_s, maximum_concurrency=4)
    same = pool.simulate(arrivals_s, services_s, connections=4)
    assert run.wait_s.tolist() == same.wait_s.tolist()


def test_little_s_law_holds_exactly() -> None:
    """The backlog over time has the area of all waiting times."""
    arrivals_s = traces.arrivals(traces.flash_crowd(traces.steady(1, 3000), 500, 20, rise_s=60, hold_s=200), 5)
    run = queueing.queue(arrivals_s, 2.0, maximum_concurrency=8)
    edges = np.unique(np.concatenate([run.arrival_s, run.left_s]))
    area = float(np.sum(run.backlog(edges[:-1]) * np.diff(edges)))
    assert area == pytest.approx(float(run.wait_s.sum()), rel=1e-9)


def test_pollers_scale_as_the_rule_says() -> None:
    run = queueing.queue(np.zeros(5000), 600.0)
    assert run.in_flight([0, 1, 60, 120, 249, 300, 599]).tolist() == [5, 10, 305, 605, 1250, 1250, 1250]
    capped = queueing.queue(np.zeros(500), 600.0, maximum_concurrency=100)
    assert capped.in_flight([0, 10, 19, 100]).tolist() == [5, 55, 100, 100]


def test_the_limit_is_the_local_cloud_s_own() -> None:
    """A copy of the local cloud's limit, told the same moments, says the same at each message."""
    arrivals_s = traces.arrivals(traces.steady(20, 60), 3)
    run = queueing.queue(arrivals_s, 1.5)
    now = 0.0
    scaling = Scaling(None, lambda: 1.0, lambda: now)
    for moment_s, limit in zip(run.begin_s.tolist(), run.limit.tolist(), strict=True):
        now = moment_s
        scaling.messages_left()
        assert scaling.limit == limit


def test_the_limit_falls_back_when_the_queue_was_empty() -> None:
    first, second = np.zeros(400), np.full(400, 500.0)
    run = queueing.queue(np.concatenate([first, second]), 10.0)
    assert run.in_flight([0, 500]).tolist() == [5, 5]
    soon = queueing.queue(np.concatenate([first, np.full(400, 50.0)]), 10.0)
    assert 30 < np.max(soon.begin_s[:400]) < 50  # the queue was empty, but for less than 20 s
    assert soon.in_flight(50.0) > 100


def test_a_crowd_that_calls_is_lost_and_one_that_queues_waits() -> None:
    crowd = traces.flash_crowd(traces.steady(2, 3600), 600, 10, rise_s=60, hold_s=300, fade_s=300)
    arrivals_s = traces.arrivals(crowd, 2026)
    at_once = queueing.calls(arrivals_s, 0.5, 4)
    later = queueing.queue(arrivals_s, 0.5, maximum_concurrency=4)
    assert at_once.lost > 0.2 * at_once.calls
    assert (later.lost, later.handled) == (0, at_once.calls)
    assert later.most_waiting > 1000
    assert later.oldest_s > 60
    times_s = np.arange(0, 3600, 10.0)
    assert np.max(later.oldest_age_s(times_s)) <= later.oldest_s
    assert np.max(later.backlog(times_s)) <= later.most_waiting


def test_messages_older_than_the_retention_are_lost() -> None:
    run = queueing.queue(np.zeros(100), 50.0, maximum_concurrency=2, retention_s=60)
    assert (run.handled, run.lost) == (4, 96)  # two at 0 s, two at 50 s; at 100 s the others are too old
    assert run.backlog([0, 50, 59.9, 60]).tolist() == [98, 96, 96, 0]
    assert run.oldest_s == 60
    assert np.isnan(run.end_s[4:]).all()


def test_batches_take_what_is_there() -> None:
    run = queueing.queue([0, 0, 0, 1, 1, 20], 2.0, maximum_concurrency=2, batch_size=2)
    assert run.batch.tolist() == [0, 0, 1, 2, 2, 3]
    assert run.begin_s.tolist() == [0, 0, 0, 2, 2, 20]
    assert run.end_s.tolist() == [4, 4, 2, 6, 6, 22]
    assert run.invocations == 4
    assert queueing.queue(np.zeros(100), 1.0, batch_size=10).invocations == 10
    assert queueing.queue([], 1.0).invocations == 0


@given(
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=80),
    seed=st.integers(0, 99),
    maximum=st.one_of(st.none(), st.integers(2, 9)),
    batch_size=st.integers(1, 4),
    retention_s=st.sampled_from([60.0, 100.0, 1e6]),
)
@settings(deadline=None)
def test_messages_are_neither_lost_nor_made_up(
    gaps: list[float], seed: int, maximum: int | None, batch_size: int, retention_s: float
) -> None:
    arrivals_s = np.cumsum(gaps)
    services_s = np.random.default_rng(seed).exponential(60.0, arrivals_s.size) + 0.01
    run = queueing.queue(
        arrivals_s, services_s, maximum_concurrency=maximum, batch_size=batch_size, retention_s=retention_s
    )
    handled = ~np.isnan(run.begin_s)
    assert run.handled + run.lost == run.messages == arrivals_s.size
    assert (run.wait_s[handled] >= 0).all()
    assert (run.wait_s[handled] <= retention_s).all()
    assert (np.diff(run.begin_s[handled]) >= 0).all()  # the oldest first
    assert (np.bincount(run.batch[handled]) <= batch_size).all()
    moments = np.unique(np.concatenate([run.arrival_s, run.left_s, run.end_s[handled]]))
    assert (run.backlog(moments) >= 0).all()
    assert run.backlog(moments[-1] + 1) == run.in_flight(moments[-1] + 1) == 0
    assert (run.in_flight(run.begin_s[handled]) <= run.limit[handled]).all()
    ages = run.oldest_age_s(moments)
    assert ((ages > 0) <= (run.backlog(moments) > 0)).all()
    assert (ages <= run.oldest_s + 1e-9).all()


@given(
    gaps=st.lists(st.floats(0, 3), min_size=1, max_size=80),
    seed=st.integers(0, 99),
    places=st.integers(1, 5),
    room=st.integers(0, 5),
)
@settings(deadline=None)
def test_calls_are_served_or_refused_and_more_room_never_hurts(
    gaps: list[float], seed: int, places: int, room: int
) -> None:
    arrivals_s = np.cumsum(gaps)
    services_s = np.random.default_rng(seed).exponential(4.0, arrivals_s.size) + 0.01
    run = queueing.calls(arrivals_s, services_s, places, waiting_room=room)
    assert run.handled + run.lost == run.calls
    assert not (run.wait_s < 0).any()
    endless = queueing.calls(arrivals_s, services_s, places, waiting_room=arrivals_s.size)
    assert endless.lost == 0
    assert queueing.calls(arrivals_s, 1.0, places + 1).lost <= queueing.calls(arrivals_s, 1.0, places).lost


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: queueing.calls([0], 1, 0), "concurrency is 0. Give a whole number from 1"),
        (lambda: queueing.calls([0], 1, 1, waiting_room=-1), "waiting_room is -1"),
        (lambda: queueing.calls([0], 0, 1), "service_s holds 0"),
        (lambda: queueing.calls([1, 0], 1, 1), "arrivals_s goes back in time"),
        (lambda: queueing.calls([math.nan], 1, 1), "arrivals_s holds NaN"),
        (lambda: queueing.queue([0], [1, 2]), "service_s has the shape (2,)"),
        (lambda: queueing.queue([0], 1, maximum_concurrency=1), "maximum_concurrency is 1. Give a whole number from 2"),
        (lambda: queueing.queue([0], 1, maximum_concurrency=1001), "maximum_concurrency is 1001"),
        (lambda: queueing.queue([0], 1, batch_size=0), "batch_size is 0"),
        (lambda: queueing.queue([0], 1, batch_size=11), "batch_size is 11. Give a whole number from 1 to 10"),
        (lambda: queueing.queue([0], 1, retention_s=10), "retention_s is 10. Give a number from 60"),
        (lambda: queueing.queue([0], 1, retention_s=math.nan), "retention_s is nan"),
        (lambda: queueing.queue([0], 1).backlog([math.nan]), "times_s holds NaN"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
