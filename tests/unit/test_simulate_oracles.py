"""Fleet and pool against queueing theory: formulas published elsewhere, distributions and integrals from SciPy.

Each average lies within three standard errors of what theory says.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats  # type: ignore[import-untyped]
from tests.unit.long_runs import BATCHES, assert_average, exponential, poisson

from serverless_first.simulate import fleet, pool
from serverless_first.simulate.inputs import Floats

WITHIN = 3.0
REQUESTS, SKIPPED = 500_000, 20_000


# --- fleet -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate_per_s", "service_s", "expiry_s"),
    [(1 / 60, 1, 60), (1 / 60, 5, 120), (0.2, 5, 30), (0.9, 2, 60), (10, 1, 20), (2, 10, 30), (5, 1, 2)],
)
def test_most_recently_used_routing_has_the_exact_cold_share_and_idle_environments(
    rate_per_s: float, service_s: float, expiry_s: float
) -> None:
    seed = 31
    arrivals_s = poisson(seed, rate_per_s, REQUESTS)
    services_s = exponential(seed, service_s, REQUESTS)
    run = fleet.simulate(arrivals_s, services_s, services_s, expiry_s)
    cold = run.outcomes[SKIPPED:] == fleet.COLD
    assert_average(cold, fleet.cold_share_theory(rate_per_s, service_s, expiry_s), within=WITHIN, seed=seed)
    # Idle time by Little's law: each request leaves its environment idle for so long.
    idle_s = (run.idle_until_s - run.end_s)[SKIPPED:]
    expected_s = fleet.mean_idle_theory(rate_per_s, service_s, expiry_s) / rate_per_s
    assert_average(idle_s, expected_s, within=WITHIN, seed=seed)


def erlang_b(erlangs: float, servers: int) -> float:
    """Erlang 1917: all servers busy, in a system without a queue: a Poisson distribution, cut off at the servers."""
    return float(stats.poisson.pmf(servers, erlangs) / stats.poisson.cdf(servers, erlangs))


@pytest.mark.parametrize(("erlangs", "limit"), [(0.5, 1), (8.0, 10), (15.0, 10), (90.0, 100)])
@pytest.mark.parametrize("routing", ["most-recently-used", "newest-created"])
def test_the_share_throttled_at_a_limit_is_erlang_b(erlangs: float, limit: int, routing: fleet.Routing) -> None:
    seed, service_s = 32, 2.0
    arrivals_s = poisson(seed, erlangs / service_s, REQUESTS)
    services_s = exponential(seed, service_s, REQUESTS)
    run = fleet.simulate(arrivals_s, services_s, services_s, 5.0, limit, routing)
    throttled = run.outcomes[SKIPPED:] == fleet.THROTTLED
    assert_average(throttled, erlang_b(erlangs, limit), within=WITHIN, seed=seed)


# --- pool ------------------------------------------------------------------------------------------------------------


def erlang_c(erlangs: float, servers: int) -> float:
    """Erlang 1917: all servers busy, with a queue that nobody leaves."""
    full = stats.poisson.pmf(servers, erlangs)
    return float(full / (full + (1 - erlangs / servers) * stats.poisson.cdf(servers - 1, erlangs)))


@pytest.mark.parametrize(("erlangs", "servers"), [(0.7, 1), (8.0, 10), (18.0, 20), (45.0, 50)])
def test_without_a_timeout_the_share_that_waits_is_erlang_c(erlangs: float, servers: int) -> None:
    seed, service_s = 33, 0.2
    arrivals_s = poisson(seed, erlangs / service_s, REQUESTS)
    waits_s = pool.simulate(arrivals_s, exponential(seed, service_s, REQUESTS), servers).wait_s[SKIPPED:]
    waiting = erlang_c(erlangs, servers)
    assert_average(waits_s > 0, waiting, within=WITHIN, seed=seed)
    assert_average(waits_s, waiting * service_s / (servers - erlangs), within=WITHIN, seed=seed)
    told = pool.theory(erlangs / service_s, service_s, servers)
    assert told.waited == pytest.approx(waiting)


def levels(arriving_per_s: float, leaving_per_s: Floats) -> Floats:
    """How often each number of requests is there, 0 and up: a birth-death process.

    Source: Kleinrock, "Queueing Systems", volume I, 1975 [recalled, not verified].

    Args:
        leaving_per_s: at which rate requests leave from each level, 1 and up; beyond the last, none is let in.
    """
    ratios = np.concatenate([[0.0], np.cumsum(np.log(arriving_per_s / leaving_per_s))])
    weights = np.exp(ratios - np.max(ratios))
    shares: Floats = weights / weights.sum()
    return shares


@pytest.mark.parametrize(
    ("rate_per_s", "servers", "room"), [(4, 1, 2), (40, 10, 5), (60, 10, 20), (55, 10, 0), (500, 100, 3)]
)
def test_with_little_room_to_wait_it_is_the_queue_m_m_c_k(rate_per_s: float, servers: int, room: int) -> None:
    seed, service_s = 34, 0.2
    arrivals_s = poisson(seed, rate_per_s, REQUESTS)
    run = pool.simulate(arrivals_s, exponential(seed, service_s, REQUESTS), servers, max_waiting=room)
    there = np.arange(1, servers + room + 1)
    shares = levels(rate_per_s, np.minimum(there, servers) / service_s)
    refused = np.isnan(run.wait_s[SKIPPED:])
    assert_average(refused, float(shares[-1]), within=WITHIN, seed=seed)
    assert (run.timed_out, run.refused) == (0, int(np.count_nonzero(np.isnan(run.wait_s))))
    assert run.most_waiting <= room
    if room:
        queue = float(np.sum(np.arange(room + 1) * shares[servers:]))
        wait_s = queue / (rate_per_s * (1 - shares[-1]))  # Little's law, for those that are let in
        assert_average(run.wait_s[SKIPPED:], wait_s, within=WITHIN, seed=seed)


@pytest.mark.parametrize(
    ("rate_per_s", "servers", "patience_s"), [(6, 1, 0.3), (45, 10, 0.1), (55, 10, 0.5), (240, 50, 0.2)]
)
def test_clients_that_give_up_after_a_random_time_are_the_queue_erlang_a(
    rate_per_s: float, servers: int, patience_s: float
) -> None:
    # M/M/c+M: Palm 1957; Garnett, Mandelbaum and Reiman, 2002 [both recalled, not verified].
    seed, service_s = 35, 0.2
    arrivals_s = poisson(seed, rate_per_s, REQUESTS)
    patiences_s = exponential(seed + 1, patience_s, REQUESTS)
    run = pool.simulate(arrivals_s, exponential(seed, service_s, REQUESTS), servers, patience_s=patiences_s)
    there = np.arange(1, servers + 2000)
    waiting = np.maximum(there - servers, 0)
    shares = levels(rate_per_s, np.minimum(there, servers) / service_s + waiting / patience_s)
    lost = float(np.sum(shares[1:] * waiting)) / patience_s / rate_per_s
    assert_average(np.isnan(run.wait_s[SKIPPED:]), lost, within=WITHIN, seed=seed)
    assert_average(run.wait_s[SKIPPED:] == 0, float(np.sum(shares[:servers])), within=WITHIN, seed=seed)


@pytest.mark.parametrize(
    ("rate_per_s", "servers", "timeout_s"), [(40, 10, 0.1), (60, 10, 0.3), (50, 10, 0.2), (4, 1, 0.5)]
)
def test_with_a_deadline_the_shares_are_the_integral_of_the_published_density(
    rate_per_s: float, servers: int, timeout_s: float
) -> None:
    # Barrer 1957: the time until one's turn has the density rate p e^(r x), here integrated by SciPy's quadrature.
    seed, service_s = 36, 0.2
    drain_per_s = servers / service_s
    growth = rate_per_s - drain_per_s
    free = stats.poisson.cdf(servers - 1, rate_per_s * service_s)
    nearly_full = stats.poisson.pmf(servers - 1, rate_per_s * service_s)
    density = rate_per_s * nearly_full
    waited = density * integrate.quad(lambda x: math.exp(growth * x), 0, timeout_s)[0]
    lost = density * math.exp(growth * timeout_s) / drain_per_s
    total = free + waited + lost
    told = pool.theory(rate_per_s, service_s, servers, timeout_s)
    assert tuple(told)[:3] == pytest.approx((free / total, waited / total, lost / total))
    arrivals_s = poisson(seed, rate_per_s, REQUESTS)
    waits_s = pool.simulate(arrivals_s, exponential(seed, service_s, REQUESTS), servers, timeout_s).wait_s[SKIPPED:]
    assert_average(np.isnan(waits_s), lost / total, within=WITHIN, seed=seed)
    assert_average(waits_s > 0, waited / total, within=WITHIN, seed=seed)


def test_equal_services_on_one_connection_wait_as_pollaczek_and_khinchin_say() -> None:
    # M/D/1: rate x service^2 / (2 (1 - load)). More connections: Crommelin's queue, in test_pool.py.
    seed, service_s, load = 37, 0.2, 0.8
    arrivals_s = poisson(seed, load / service_s, REQUESTS)
    waits_s = pool.simulate(arrivals_s, service_s, 1).wait_s[SKIPPED:]
    assert_average(waits_s, load * service_s / (2 * (1 - load)), within=WITHIN, seed=seed)


def test_an_average_that_is_wrong_is_seen() -> None:
    values = np.random.default_rng(38).exponential(1.0, 1000 * BATCHES)
    assert_average(values, 1.0, within=WITHIN, seed=38)
    with pytest.raises(AssertionError, match=r"expected 1\.05, seed 38"):
        assert_average(values, 1.05, within=WITHIN, seed=38)
