"""The simulated pool: worked by hand, against an obvious simulation, and against queueing theory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import pool
from serverless_first.simulate.inputs import Floats

# --- by hand ---------------------------------------------------------------------------------------------------------


def test_sixty_orders_at_once_on_ten_connections_go_through_in_six_turns() -> None:
    result = pool.simulate([0.0] * 60, 0.2, connections=10)
    assert result.wait_s == pytest.approx(np.repeat([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], 10))
    assert (result.served, result.timed_out, result.served_at_once, result.requests) == (60, 0, 10, 60)
    assert result.end_s == pytest.approx(result.wait_s + 0.2)
    assert result.most_waiting == 50


def test_with_a_borrow_timeout_the_last_turns_are_not_reached() -> None:
    result = pool.simulate([0.0] * 60, 0.2, connections=10, borrow_timeout_s=0.5)
    assert (result.served, result.timed_out) == (30, 30)
    assert np.isnan(result.wait_s).tolist() == [False] * 30 + [True] * 30
    assert np.isnan(result.end_s).tolist() == np.isnan(result.wait_s).tolist()
    assert result.most_waiting == 50  # they all waited, in vain or not


def test_who_pins_keeps_the_connection_for_the_whole_session() -> None:
    pinned = pool.simulate([0.0] * 60, 600, connections=10, borrow_timeout_s=3)
    assert (pinned.served, pinned.timed_out) == (10, 50)
    # Ten clients that pin, among fifty that do not: it depends on who asks first.
    first = pool.simulate([0.0] * 60, [600.0] * 10 + [0.02] * 50, connections=10, borrow_timeout_s=3)
    last = pool.simulate([0.0] * 60, [0.02] * 50 + [600.0] * 10, connections=10, borrow_timeout_s=3)
    assert (first.served, last.served) == (10, 60)
    assert pool.simulate([0.0] * 60, [600.0] * 9 + [0.02] * 51, connections=10, borrow_timeout_s=3).served == 60


def test_a_connection_is_free_at_the_moment_of_its_return_and_who_timed_out_at_that_moment_has_left() -> None:
    assert pool.simulate([0, 1], 1, connections=1, borrow_timeout_s=0).wait_s.tolist() == [0, 0]
    assert pool.simulate([0, 0], 1, connections=1, borrow_timeout_s=1).timed_out == 1
    assert pool.simulate([0, 0], 1, connections=1, borrow_timeout_s=1.001).timed_out == 0
    assert pool.simulate([0, 0.5], 1, connections=1, borrow_timeout_s=0).timed_out == 1
    assert pool.simulate([0, 0], 1, connections=1, borrow_timeout_s=math.inf).wait_s.tolist() == [0, 1]


def test_who_gives_up_makes_room_for_the_next_and_who_finds_no_room_is_refused() -> None:
    # One connection, borrowed from 0 s to 10 s; one may wait. 1 s: waits until 2 s. 1.5 s: no room. 2 s: there is.
    arrivals_s = [0, 1, 1.5, 2, 9.5]
    result = pool.simulate(arrivals_s, 10, connections=1, patience_s=1, max_waiting=1)
    assert result.wait_s == pytest.approx([0, math.nan, math.nan, math.nan, 0.5], nan_ok=True)
    assert (result.served, result.timed_out, result.refused, result.most_waiting) == (2, 2, 1, 1)
    assert result.patience_s.tolist() == [1, 1, 0, 1, 1]
    none = pool.simulate(arrivals_s, 10, connections=1, max_waiting=0)
    assert (none.served, none.timed_out, none.refused) == (1, 0, 4)


def test_each_client_has_its_own_patience_and_the_borrow_timeout_holds_for_all() -> None:
    result = pool.simulate([0, 0, 0, 0], 1, connections=1, borrow_timeout_s=2.5, patience_s=[9, 0.5, 9, 9])
    assert result.wait_s == pytest.approx([0, math.nan, 1, 2], nan_ok=True)
    assert result.patience_s.tolist() == [2.5, 0.5, 2.5, 2.5]
    given = np.array([9.0, 9.0])
    pool.simulate([0, 0], 1, connections=1, patience_s=given, max_waiting=0)
    assert given.tolist() == [9, 9]  # the caller's numbers are not touched


def test_nobody_at_all() -> None:
    result = pool.simulate([], 1)
    assert (result.requests, result.served, result.timed_out, result.most_waiting) == (0, 0, 0, 0)


def test_what_the_caller_does_afterwards_does_not_reach_the_result() -> None:
    arrivals = np.array([0.0, 1.0])
    result = pool.simulate(arrivals, 1)
    arrivals[1] = 99
    assert result.arrival_s.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        result.wait_s[0] = 0


# --- an obvious simulation -------------------------------------------------------------------------------------------


def obvious(arrivals: list[float], services: list[float], connections: int, timeout: float) -> tuple[list[float], int]:
    """The same rules, word by word: moment by moment, who leaves, what comes back, who asks, who gets one."""
    waits = [math.nan] * len(arrivals)
    moments = sorted({*arrivals, *(a + timeout for a in arrivals if timeout < math.inf)})
    waiting: list[int] = []
    borrowed: list[float] = []
    asked = most = 0
    while moments:
        now = moments.pop(0)
        waiting = [one for one in waiting if now - arrivals[one] < timeout]
        borrowed = [end for end in borrowed if end > now]
        while asked < len(arrivals) and arrivals[asked] == now:
            waiting.append(asked)
            asked += 1
        while waiting and len(borrowed) < connections:
            one = waiting.pop(0)
            waits[one] = now - arrivals[one]
            end = now + services[one]
            borrowed.append(end)
            moments = sorted({*moments, end})
        waiting = [one for one in waiting if now - arrivals[one] < timeout]  # a timeout of 0
        most = max(most, len(waiting))
    return waits, most


@pytest.mark.parametrize("seed", range(80))
def test_each_request_fares_as_in_an_obvious_simulation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    requests, connections = int(rng.integers(1, 150)), int(rng.integers(1, 8))
    arrivals = np.cumsum(rng.exponential(1.0, requests))
    services = rng.exponential(rng.uniform(0.1, 1.5) * connections, requests) + 0.01
    if seed % 2:  # on a grid: arrivals, returns and timeouts fall on the same moments
        arrivals, services = np.round(arrivals), np.ceil(services)
    timeout = float(rng.choice([0, 1, 2, 5, 20, math.inf]))
    expected, most = obvious(arrivals.tolist(), services.tolist(), connections, timeout)
    result = pool.simulate(arrivals, services, connections, timeout)
    assert result.wait_s == pytest.approx(expected, nan_ok=True), f"seed {seed}"
    assert result.most_waiting == most, f"seed {seed}"
    assert result.served == sum(not math.isnan(wait) for wait in expected)


# --- queueing theory -------------------------------------------------------------------------------------------------

REQUESTS, SKIPPED, BATCHES = 600_000, 20_000, 100


def long_run(
    seed: int, rate_per_s: float, services_s: Floats | float, connections: int, timeout_s: float | None
) -> Any:
    rng = np.random.default_rng(seed)
    arrivals_s = np.cumsum(rng.exponential(1 / rate_per_s, REQUESTS))
    return pool.simulate(arrivals_s, services_s, connections, timeout_s).wait_s[SKIPPED:]


def exponential(seed: int, mean_s: float) -> Floats:
    return np.random.default_rng(seed + 1000).exponential(mean_s, REQUESTS)


def assert_mean(values: Floats, expected: float) -> None:
    """Within 4.5 standard errors; neighbours in a queue depend on each other, so they are taken from batch means."""
    means = [float(np.nanmean(batch)) for batch in np.array_split(values.astype(float), BATCHES)]
    error = float(np.std(means, ddof=1)) / math.sqrt(BATCHES)
    assert np.mean(means) == pytest.approx(expected, abs=4.5 * error)
    assert error < 0.05 * expected  # the test could see a difference


def erlang_b(erlangs: float, servers: int) -> float:
    terms = [erlangs**n / math.factorial(n) for n in range(servers + 1)]
    return terms[-1] / sum(terms)


def erlang_c(erlangs: float, servers: int) -> float:
    blocked = erlang_b(erlangs, servers)
    return blocked / (1 - erlangs / servers * (1 - blocked))


@pytest.mark.parametrize(("erlangs", "servers"), [(0.7, 1), (8.0, 10), (18.0, 20)])
def test_without_a_timeout_the_waits_are_erlang_s_formula_c(erlangs: float, servers: int) -> None:
    # M/M/c, first come first served: P(W > t) = C e^(-(c - a) t / service), a the offered load in erlangs.
    service_s = 0.2
    waits = long_run(11, erlangs / service_s, exponential(11, service_s), servers, None)
    busy = erlang_c(erlangs, servers)
    drain_per_s = (servers - erlangs) / service_s
    assert_mean(waits > 0, busy)
    assert_mean(waits > 0.5 / drain_per_s, busy * math.exp(-0.5))
    assert_mean(waits, busy / drain_per_s)


@pytest.mark.parametrize(("erlangs", "servers"), [(0.7, 1), (8.0, 10), (15.0, 10)])
@pytest.mark.parametrize("exponential_service", [True, False])
def test_with_a_timeout_of_nothing_the_blocked_are_erlang_s_formula_b(
    erlangs: float, servers: int, exponential_service: bool
) -> None:
    # M/G/c/c: whatever the distribution of the service.
    services = exponential(12, 2.0) if exponential_service else 2.0
    assert_mean(np.isnan(long_run(12, erlangs / 2, services, servers, 0)), erlang_b(erlangs, servers))


@pytest.mark.parametrize(("erlangs", "servers"), [(0.7, 1), (8.0, 10)])
def test_equal_services_wait_as_crommelin_s_queue_says(erlangs: float, servers: int) -> None:
    # M/D/c: what is there one service time from now are all who wait now, and the arrivals until then (Crommelin 1932).
    levels = np.arange(400)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(levels[1:]))])
    arriving = np.exp(levels * math.log(erlangs) - erlangs - log_factorials)
    steps = np.zeros((400, 400))
    for level in levels:
        left = max(level - servers, 0)
        steps[level, left:] = arriving[: 400 - left]
    equations = np.vstack([steps.T - np.eye(400), np.ones(400)])
    shares = np.linalg.lstsq(equations, np.concatenate([np.zeros(400), [1.0]]), rcond=None)[0]
    waiting = float(np.sum(np.maximum(levels - servers, 0) * shares))
    if servers == 1:  # Pollaczek and Khinchin
        assert waiting == pytest.approx(erlangs**2 / (2 * (1 - erlangs)))
    assert_mean(long_run(13, erlangs / 0.5, 0.5, servers, None), waiting / (erlangs / 0.5))  # Little's law


@pytest.mark.parametrize(
    ("rate_per_s", "service_s", "servers", "timeout_s"),
    [(40, 0.2, 10, 0.1), (60, 0.2, 10, 0.3), (50, 0.2, 10, 0.2), (4, 0.2, 1, 0.5), (1000, 0.2, 180, 1.0)],
)
def test_with_a_deadline_for_the_wait_theory_foretells_a_long_simulation(
    rate_per_s: float, service_s: float, servers: int, timeout_s: float
) -> None:
    waits = long_run(14, rate_per_s, exponential(14, service_s), servers, timeout_s)
    told = pool.theory(rate_per_s, service_s, servers, timeout_s)
    assert_mean(np.isnan(waits), told.timed_out)
    assert_mean(waits > 0, told.waited)
    assert_mean(waits, told.mean_wait_s)


def test_theory_at_its_ends_is_erlang() -> None:
    for erlangs, servers in ((0.7, 1), (8.0, 10), (90.0, 100)):
        nothing, ever = pool.theory(erlangs / 0.5, 0.5, servers, 0), pool.theory(erlangs / 0.5, 0.5, servers)
        assert nothing.timed_out == pytest.approx(erlang_b(erlangs, servers))
        assert nothing.mean_wait_s == nothing.waited == ever.timed_out == 0
        assert ever.waited == pytest.approx(erlang_c(erlangs, servers))
        assert ever.mean_wait_s == pytest.approx(ever.waited * 0.5 / (servers - erlangs))
        assert tuple(pool.theory(erlangs / 0.5, 0.5, servers, 500.0)) == pytest.approx(tuple(ever))


def test_theory_has_no_gap_where_arrivals_equal_services_and_none_at_great_loads() -> None:
    # On both sides of where a series takes over from the closed form, and where the closed form would divide by 0.
    for below, above, close in ((-5.001e-5, -4.999e-5, 1e-6), (4.999e-5, 5.001e-5, 1e-6), (-1e-9, 0, 1e-8)):
        one, other = (tuple(pool.theory(50 + more, 0.2, 10, 2.0)) for more in (below, above))
        assert one == pytest.approx(other, rel=close)
    flood = pool.theory(5000, 0.2, 10, 200.0)
    assert flood.timed_out == pytest.approx(0.99)
    assert flood.mean_wait_s == pytest.approx(200, abs=0.01)
    assert pool.theory(1e-9, 1, 300, 1.0).at_once == 1.0


# --- input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrivals_s": [0, 2, 1]}, r"goes back in time at position 2: 1 s after 2 s. Sort them"),
        ({"arrivals_s": [[0, 1, 2]]}, r"arrivals_s has the shape \(1, 3\). Give one time for each request"),
        ({"arrivals_s": [-1, 0, 1]}, "arrivals_s has a time of -1 s, but times count from 0"),
        ({"arrivals_s": [0, 1, math.nan]}, "arrivals_s holds NaN or infinity"),
        ({"service_s": 0}, "service_s holds 0. It must be above 0"),
        ({"service_s": [1, 2]}, r"service_s has the shape \(2,\). Give one number, or one for each of 3"),
        ({"service_s": math.inf}, "service_s holds NaN or infinity"),
        ({"service_s": "long"}, "service_s holds something that is not a number"),
        ({"connections": 0}, "connections is 0. Give a whole number from 1"),
        ({"connections": 2.5}, "connections is 2.5. Give a whole number from 1"),
        ({"patience_s": 0}, "patience_s holds 0. It must be above 0"),
        ({"patience_s": [1, math.nan, 1]}, "patience_s holds NaN or infinity"),
        ({"max_waiting": -1}, "max_waiting is -1. Give a whole number from 0"),
        ({"max_waiting": 2.5}, "max_waiting is 2.5. Give a whole number from 0"),
        ({"borrow_timeout_s": -1}, "borrow_timeout_s is -1. Give 0 s or more"),
        ({"borrow_timeout_s": math.nan}, "borrow_timeout_s is nan. Give 0 s or more"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"arrivals_s": [0, 1, 2], "service_s": 1}
    with pytest.raises(ValueError, match=message):
        pool.simulate(**(good | change))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "rate_per_s holds 0. It must be above 0"),
        ((1, -1), "mean_service_s holds -1"),
        ((1, 1, 0), "connections is 0"),
        ((1, 1, 10, -1), "borrow_timeout_s is -1"),
        ((50, 0.2, 10), "the queue grows forever. Give borrow_timeout_s"),
    ],
)
def test_theory_refuses_what_it_does_not_hold_for(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool.theory(*arguments)
