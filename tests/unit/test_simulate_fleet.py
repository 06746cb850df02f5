"""The fleet simulation, against an obvious one, against queueing theory, and the theory against linear algebra."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import fleet
from serverless_first.simulate.fleet import Routing

ROUTINGS: tuple[Routing, ...] = ("most-recently-used", "newest-created")


@dataclass
class Environment:
    number: int
    free_at: float


@dataclass
class Observed:
    outcomes: list[int]
    environments: list[int]
    busy: list[tuple[float, float]]
    idle: list[tuple[float, float]]

    def mean(self, intervals: list[tuple[float, float]], horizon: float) -> float:
        return sum(max(0.0, min(end, horizon) - begin) for begin, end in intervals) / horizon


def obvious(
    arrivals: list[float], warm: list[float], cold: list[float], expiry: float, cap: int | None, routing: Routing
) -> Observed:
    """The same rules, word by word: at each request look at every environment there is."""
    seen = Observed([], [], [], [])
    alive: list[Environment] = []
    started = 0
    for now, warm_s, cold_s in zip(arrivals, warm, cold, strict=True):
        for gone in [one for one in alive if one.free_at + expiry <= now]:
            seen.idle.append((gone.free_at, gone.free_at + expiry))
            alive.remove(gone)
        idle = [one for one in alive if one.free_at <= now]
        if idle and routing == "most-recently-used":
            chosen = max(idle, key=lambda one: (one.free_at, one.number))
        elif idle:
            chosen = max(idle, key=lambda one: one.number)
        elif cap is None or len(alive) < cap:
            chosen = Environment(started, math.nan)
            started += 1
            alive.append(chosen)
        else:
            seen.outcomes.append(fleet.THROTTLED)
            seen.environments.append(-1)
            continue
        if idle:
            seen.idle.append((chosen.free_at, now))
        seen.outcomes.append(fleet.WARM if idle else fleet.COLD)
        seen.environments.append(chosen.number)
        chosen.free_at = now + (warm_s if idle else cold_s)
        seen.busy.append((now, chosen.free_at))
    seen.idle += [(one.free_at, one.free_at + expiry) for one in alive]
    return seen


@pytest.mark.parametrize("routing", ROUTINGS)
@pytest.mark.parametrize("seed", range(60))
def test_each_request_fares_as_in_an_obvious_simulation(seed: int, routing: Routing) -> None:
    rng = np.random.default_rng(seed)
    requests = int(rng.integers(1, 200))
    arrivals = np.cumsum(rng.exponential(1.0, requests))
    warm, cold = rng.exponential(rng.uniform(0.1, 6), requests) + 0.01, rng.exponential(4, requests) + 0.01
    if seed % 2:  # on a grid: arrivals, ends and expiries fall on the same moments
        arrivals, warm, cold = np.round(arrivals), np.ceil(warm), np.ceil(cold)
    expiry = float(rng.choice([0, 1, 2, 5, 20]))
    cap = None if seed % 3 == 0 else int(rng.integers(0, 6))
    horizon = float(arrivals[-1] * rng.uniform(0.3, 1.5) + 1)
    expected = obvious(arrivals.tolist(), warm.tolist(), cold.tolist(), expiry, cap, routing)

    result = fleet.simulate(arrivals, warm, cold, expiry, cap, routing, horizon)

    assert result.outcomes.tolist() == expected.outcomes
    assert result.environment.tolist() == expected.environments
    assert (result.warm, result.cold, result.throttled) == tuple(expected.outcomes.count(kind) for kind in (0, 1, 2))
    assert result.mean_busy == pytest.approx(expected.mean(expected.busy, horizon), abs=1e-9)
    assert result.mean_idle == pytest.approx(expected.mean(expected.idle, horizon), abs=1e-9)
    assert result.mean_total == result.mean_busy + result.mean_idle


def test_four_orders_worked_by_hand() -> None:
    # 0 s: cold, until 3 s. 2 s: nothing idle, cold, until 5 s. 10 s: warm, from the one idle since 5 s, until 11 s.
    # The other has expired at 3 + 6 = 9 s. By 17 s the last one has too; at 20 s the next order is cold.
    result = fleet.simulate([0, 2, 10, 20], warm_service_s=1, cold_service_s=3, idle_expiry_s=6)
    assert result.outcomes.tolist() == [1, 1, 0, 1]
    assert result.environment.tolist() == [0, 1, 1, 2]
    assert result.end_s.tolist() == [3, 5, 11, 23]
    assert result.idle_until_s.tolist() == [9, 10, 17, 29]
    assert result.horizon_s == 23
    assert result.mean_busy == pytest.approx((3 + 3 + 1 + 3) / 23)
    assert result.mean_idle == pytest.approx((6 + 5 + 6) / 23)


def test_an_environment_is_free_at_the_moment_it_ends_and_gone_at_the_moment_it_expires() -> None:
    assert fleet.simulate([0, 1], 1, 1, idle_expiry_s=5).outcomes.tolist() == [1, 0]
    assert fleet.simulate([0, 6], 1, 1, idle_expiry_s=5).outcomes.tolist() == [1, 1]
    assert fleet.simulate([0, 5.99], 1, 1, idle_expiry_s=5).outcomes.tolist() == [1, 0]


def test_the_two_routings_keep_different_environments_alive() -> None:
    # Two environments; the first is free last. Reused: the one used last (0), or the one created last (1).
    arguments: dict[str, Any] = {
        "arrivals_s": [0, 1, 10],
        "warm_service_s": 1,
        "cold_service_s": [8, 1, 1],
        "idle_expiry_s": 60,
    }
    assert fleet.simulate(**arguments, routing="most-recently-used").environment.tolist() == [0, 1, 0]
    assert fleet.simulate(**arguments, routing="newest-created").environment.tolist() == [0, 1, 1]


def test_beyond_the_limit_requests_are_throttled_and_none_at_a_limit_of_nothing() -> None:
    result = fleet.simulate([0, 0, 0, 5], 1, 1, max_concurrency=2)
    assert result.outcomes.tolist() == [1, 1, 2, 0]
    assert np.isnan(result.end_s).tolist() == [False, False, True, False]
    assert fleet.simulate([0, 1], 1, 1, max_concurrency=0).throttled == 2


def test_the_observation_ends_at_the_horizon() -> None:
    result = fleet.simulate([0.0], 4, 4, idle_expiry_s=10, horizon_s=6)
    assert (result.mean_busy, result.mean_idle) == (4 / 6, 2 / 6)
    assert fleet.simulate([0.0], 4, 4, idle_expiry_s=math.inf, horizon_s=40).mean_idle == 36 / 40
    empty = fleet.simulate([], 1, 1, horizon_s=60)
    assert (empty.cold, empty.warm, empty.throttled, empty.mean_total) == (0, 0, 0, 0.0)


def test_what_the_caller_does_afterwards_does_not_reach_the_result() -> None:
    arrivals = np.array([0.0, 1.0])
    result = fleet.simulate(arrivals, 1, 1)
    arrivals[1] = 99
    assert result.start_s.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        result.outcomes[0] = 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrivals_s": [0, 2, 1]}, r"goes back in time at position 2: 1 s after 2 s. Sort them"),
        ({"arrivals_s": [[0, 1, 2]]}, r"shape \(1, 3\). Give one time for each request"),
        ({"arrivals_s": 3}, r"shape \(\). Give one time for each request"),
        ({"arrivals_s": [-1, 0, 1]}, "arrivals_s has a time of -1 s, but times count from 0"),
        ({"arrivals_s": [0, 1, math.nan]}, "arrivals_s holds NaN or infinity"),
        ({"arrivals_s": ["noon", 1, 2]}, "arrivals_s holds something that is not a number"),
        ({"arrivals_s": []}, "No request was served.*Give horizon_s"),
        ({"warm_service_s": 0}, "warm_service_s holds 0. It must be above 0"),
        ({"warm_service_s": [1, 2]}, r"warm_service_s has the shape \(2,\). Give one number, or one for each of 3"),
        ({"cold_service_s": [1, 1, -2]}, "cold_service_s holds -2. It must be above 0"),
        ({"cold_service_s": math.inf}, "cold_service_s holds NaN or infinity"),
        ({"idle_expiry_s": -1}, "idle_expiry_s is -1. Give 0 s or more"),
        ({"idle_expiry_s": math.nan}, "idle_expiry_s is nan"),
        ({"max_concurrency": -1}, "max_concurrency is -1. Give a whole number from 0, or None"),
        ({"max_concurrency": 2.5}, "max_concurrency is 2.5"),
        ({"routing": "random"}, 'routing is \'random\'. Use "most-recently-used" or "newest-created"'),
        ({"horizon_s": 0}, "horizon_s is 0.*above 0 and finite"),
        ({"horizon_s": math.inf}, "horizon_s is inf"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"arrivals_s": [0, 1, 2], "warm_service_s": 1, "cold_service_s": 1}
    with pytest.raises(ValueError, match=message):
        fleet.simulate(**(good | change))


def poisson(rng: np.random.Generator, rate_per_s: float, requests: int) -> np.ndarray[Any, Any]:
    return np.cumsum(rng.exponential(1 / rate_per_s, requests))


@pytest.mark.parametrize("routing", ROUTINGS)
def test_busy_environments_are_rate_times_service_time_whatever_its_distribution(routing: Routing) -> None:
    # M/G/inf: the mean number busy is the arrival rate times the mean service time.
    rng = np.random.default_rng(1)
    arrivals_s = poisson(rng, 5.0, 200_000)
    for service_s in (2.0, rng.uniform(0.001, 4, 200_000), rng.lognormal(0, 1.1, 200_000)):
        result = fleet.simulate(arrivals_s, service_s, service_s, 60, routing=routing)
        assert result.mean_busy == pytest.approx(5 * np.mean(service_s), rel=0.02)


@pytest.mark.parametrize("expiry_s", [0.0, 5.0, math.inf])
def test_the_share_that_is_throttled_is_erlang_s_loss_formula(expiry_s: float) -> None:
    # M/G/c/c: with equal warm and cold services a request is lost when c are busy, whatever the expiry and the
    # distribution of the service time.
    erlangs, limit = 8.0, 10
    loss = 1.0
    for servers in range(1, limit + 1):
        loss = erlangs * loss / (servers + erlangs * loss)
    rng = np.random.default_rng(2)
    arrivals_s = poisson(rng, 4.0, 300_000)
    for service_s in (2.0, rng.exponential(2.0, 300_000)):
        result = fleet.simulate(arrivals_s, service_s, service_s, expiry_s, max_concurrency=limit)
        assert result.throttled / 300_000 == pytest.approx(loss, rel=0.03)


@pytest.mark.parametrize(
    ("rate_per_s", "service_s", "expiry_s"),
    [(1 / 600, 0.2, 600), (1 / 60, 1, 600), (1 / 60, 5, 60), (0.2, 5, 60), (0.9, 2, 600), (10, 1, 60), (2, 10, 30)],
)
def test_theory_foretells_a_long_simulation(rate_per_s: float, service_s: float, expiry_s: float) -> None:
    requests, skipped = 1_000_000, 100_000
    rng = np.random.default_rng(3)
    arrivals_s, services_s = poisson(rng, rate_per_s, requests), rng.exponential(service_s, requests)
    result = fleet.simulate(arrivals_s, services_s, services_s, expiry_s)
    cold = int(np.count_nonzero(result.outcomes[skipped:] == fleet.COLD))
    share = fleet.cold_share_theory(rate_per_s, service_s, expiry_s)
    # Cold starts come in clumps: their number scatters a little more than a Poisson count would.
    assert cold == pytest.approx(share * (requests - skipped), abs=5 * math.sqrt(cold))
    assert result.mean_idle == pytest.approx(fleet.mean_idle_theory(rate_per_s, service_s, expiry_s), rel=0.02)


def by_linear_algebra(rate_per_s: float, service_s: float, expiry_s: float) -> tuple[float, float]:
    """Cold share and idle environments: the first passage times by the eigenvalues of the birth-death process."""
    rho, time = rate_per_s * service_s, expiry_s / service_s
    share = idle = 0.0
    for b in range(int(rho + 10 * math.sqrt(rho) + 20)):
        levels = np.arange(b + 1)
        between = np.sqrt(rho * levels[1:])
        values, vectors = np.linalg.eigh(np.diag(-(rho + levels)) + np.diag(between, 1) + np.diag(between, -1))
        log_root = np.concatenate([[0.0], np.cumsum(np.log(rho / levels[1:]))]) / 2  # of the stationary weights
        part = vectors[b] * math.exp(-log_root[b]) * (vectors.T @ np.exp(log_root))
        poisson_b = math.exp(b * math.log(rho) - rho - math.lgamma(b + 1))
        share += poisson_b * float(np.sum(part * np.exp(values * time)))
        idle += rho * poisson_b * float(np.sum(part * np.expm1(values * time) / values))
    return share, idle


@pytest.mark.parametrize(
    ("rate_per_s", "service_s", "expiry_s"),
    [(1e-4, 0.1, 600), (1 / 60, 1, 600), (0.01, 5, 3600), (1, 10, 60), (10, 0.01, 60), (10, 10, 60), (3, 1, 0.5)],
)
def test_the_inverted_transform_is_what_linear_algebra_gives(
    rate_per_s: float, service_s: float, expiry_s: float
) -> None:
    share, idle = by_linear_algebra(rate_per_s, service_s, expiry_s)
    assert fleet.cold_share_theory(rate_per_s, service_s, expiry_s) == pytest.approx(share, abs=1e-10)
    assert fleet.mean_idle_theory(rate_per_s, service_s, expiry_s) == pytest.approx(idle, rel=1e-9)


def test_theory_at_its_ends() -> None:
    assert fleet.cold_share_theory(1.0, 1.0, 0.0) == 1.0
    assert fleet.mean_idle_theory(1.0, 1.0, 0.0) == 0.0
    # A service time that is next to nothing: cold when no request came within the expiry.
    assert fleet.cold_share_theory(0.01, 1e-9, 100) == pytest.approx(math.exp(-1), rel=1e-6)
    # Hundreds of busy environments, where the Poisson probability of none is below what a float can hold.
    assert 0 < fleet.cold_share_theory(2000.0, 1.0, 60.0) < 0.01


def test_theory_takes_arrays_and_gives_plain_numbers_for_numbers() -> None:
    rates, expiries = np.array([0.01, 1.0]), np.array([[60.0], [600.0], [3600.0]])
    shares = fleet.cold_share_theory(rates, 0.5, expiries)
    assert shares.shape == (3, 2)
    assert shares[1, 0] == pytest.approx(fleet.cold_share_theory(0.01, 0.5, 600.0), abs=1e-12)
    assert type(fleet.cold_share_theory(0.01, 0.5, 600.0)) is float
    assert fleet.mean_idle_theory([], 0.5, 600.0).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 1), "rate_per_s holds 0. It must be above 0"),
        (([1, -2], 1, 1), "rate_per_s holds -2"),
        ((1, 0, 1), "mean_service_s holds 0"),
        ((1, 1, -1), "idle_expiry_s is -1. Give 0 s or more"),
        ((1, 1, math.inf), "idle_expiry_s holds NaN or infinity"),
    ],
)
def test_theory_refuses_what_it_does_not_hold_for(arguments: tuple[Any, Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fleet.cold_share_theory(*arguments)
