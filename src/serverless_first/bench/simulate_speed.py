"""How fast the simulations are: by themselves in plain Python, and beside SimFaaS, which gets the same requests."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from serverless_first.bench.measure import Measurement, benchmark, median_s, within
from serverless_first.simulate import fleet, pool
from serverless_first.simulate.inputs import Floats

REQUESTS = 1_000_000
SAMPLES = 5
README_REQUESTS = 900_000

MOST_FLEET_S, MOST_POOL_S = 1.0, 0.5
LEAST_OF_SIMFAAS = 25.0


def _drawn(rate_per_s: float, service_s: float) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(2020)
    return np.cumsum(rng.exponential(1 / rate_per_s, REQUESTS)), rng.exponential(service_s, REQUESTS)


@benchmark("fleet_1e6_s")
def fleet_million() -> Measurement:
    """A million requests through the fleet, at two busy environments."""
    arrivals_s, services_s = _drawn(1.0, 2.0)
    value_s = median_s(lambda: fleet.simulate(arrivals_s, services_s, services_s + 0.5), SAMPLES)
    within(value_s, "fleet, two busy, seconds", most=MOST_FLEET_S)
    against = f"fleet.simulate in plain Python: 1,000,000 requests, 1/s of 2 s each; at most {MOST_FLEET_S} s"
    return Measurement("fleet_1e6_s", value_s, "s", against, SAMPLES)


@benchmark("pool_1e6_s")
def pool_million() -> Measurement:
    """A million requests through a pool of 180 connections, where every tenth request times out."""
    arrivals_s, services_s = _drawn(1000.0, 0.2)
    value_s = median_s(lambda: pool.simulate(arrivals_s, services_s, 180, 1.0), SAMPLES)
    within(value_s, "pool, seconds", most=MOST_POOL_S)
    against = (
        "pool.simulate in plain Python: 1,000,000 requests, 1,000/s of 0.2 s each, 180 connections, timeout 1 s; "
        f"at most {MOST_POOL_S} s"
    )
    return Measurement("pool_1e6_s", value_s, "s", against, SAMPLES)


class CountsDiffer(RuntimeError):
    """The two simulators disagree: then their speeds are not comparable."""


def _times_as_fast(requests: int) -> float:
    """How many times as fast as SimFaaS the fleet is; both get the same requests and count the same."""
    from serverless_first.bench import simfaas_replay  # SimFaaS need not be installed

    given = simfaas_replay.drawn(2020, requests, 0.9, warm_s=1.991, cold_s=2.244)

    def ours(routing: fleet.Routing) -> fleet.FleetResult:
        services = (given.warm_s, given.cold_s, given.expiry_s, given.cap)
        return fleet.simulate(given.arrivals_s, *services, routing, given.until_s)

    counted = ours("newest-created")  # as SimFaaS routes
    before_s = median_s(lambda: ours("most-recently-used"), SAMPLES)
    counts, theirs_s = simfaas_replay.timed(given)
    after_s = median_s(lambda: ours("most-recently-used"), SAMPLES)  # a machine that slows down does so for both
    if counts != (counted.cold, counted.warm, counted.throttled):
        raise CountsDiffer(f"SimFaaS counts {counts} cold, warm and rejected requests, and the fleet other numbers.")
    return theirs_s / ((before_s + after_s) / 2)


def fleet_vs_simfaas() -> Measurement:
    """The example of SimFaaS's README: a million seconds with 0.9 requests a second."""
    value = within(_times_as_fast(README_REQUESTS), "fleet, times as fast as SimFaaS", least=LEAST_OF_SIMFAAS)
    against = (
        "SimFaaS 0.2.2 to fleet.simulate in plain Python, the same requests: 900,000, 0.9/s of 1.991 s each, cold "
        f"2.244 s; at least {LEAST_OF_SIMFAAS:g}"
    )
    return Measurement("fleet_vs_simfaas", value, "ratio", against, 1)


if find_spec("simfaas") is not None:  # without it there is nothing to compare with, and no entry
    benchmark("fleet_vs_simfaas")(fleet_vs_simfaas)
