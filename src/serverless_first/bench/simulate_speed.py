"""Benchmarks of the simulations, which are in plain Python, and a comparison with SimFaaS on the same requests."""

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
    """Measures a million requests through the fleet, with two environments busy on average."""
    arrivals_s, services_s = _drawn(1.0, 2.0)
    value_s = median_s(lambda: fleet.simulate(arrivals_s, services_s, services_s + 0.5), SAMPLES)
    within(value_s, "fleet, two busy, seconds", most=MOST_FLEET_S)
    against = f"fleet.simulate in plain Python: 1,000,000 requests, 1/s of 2 s each; at most {MOST_FLEET_S} s"
    return Measurement("fleet_1e6_s", value_s, "s", against, SAMPLES)


@benchmark("pool_1e6_s")
def pool_million() -> Measurement:
    """Measures a million requests through a pool of 180 connections, where one request in ten times out."""
    arrivals_s, services_s = _drawn(1000.0, 0.2)
    value_s = median_s(lambda: pool.simulate(arrivals_s, services_s, 180, 1.0), SAMPLES)
    within(value_s, "pool, seconds", most=MOST_POOL_S)
    against = (
        "pool.simulate in plain Python: 1,000,000 requests, 1,000/s of 0.2 s each, 180 connections, timeout 1 s; "
        f"at most {MOST_POOL_S} s"
    )
    return Measurement("pool_1e6_s", value_s, "s", against, SAMPLES)


class CountsDiffer(RuntimeError):
    """The two simulators disagree, so their speeds aren't comparable."""


def _times_as_fast(requests: int) -> float:
    """How many times as fast as SimFaaS the fleet is. Both get the same requests and must have the same counts."""
    from serverless_first.bench import simfaas_replay  # SimFaaS may not be installed

    trace = simfaas_replay.drawn(2020, requests, 0.9, warm_s=1.991, cold_s=2.244)

    def ours(routing: fleet.Routing) -> fleet.FleetResult:
        services = (trace.warm_s, trace.cold_s, trace.expiry_s, trace.cap)
        return fleet.simulate(trace.arrivals_s, *services, routing, trace.until_s)

    counted = ours("newest-created")  # as SimFaaS routes
    before_s = median_s(lambda: ours("most-recently-used"), SAMPLES)
    counts, theirs_s = simfaas_replay.timed(trace)
    after_s = median_s(lambda: ours("most-recently-used"), SAMPLES)  # so that a machine that slows down affects both
    if counts != (counted.cold, counted.warm, counted.throttled):
        raise CountsDiffer(f"SimFaaS counts {counts} cold, warm and rejected requests, but the fleet differs.")
    return theirs_s / ((before_s + after_s) / 2)


def fleet_vs_simfaas() -> Measurement:
    """Runs the example in SimFaaS's README, which is a million seconds with 0.9 requests a second."""
    value = within(_times_as_fast(README_REQUESTS), "fleet, times as fast as SimFaaS", least=LEAST_OF_SIMFAAS)
    against = (
        "SimFaaS 0.2.2 to fleet.simulate in plain Python, the same requests: 900,000, 0.9/s of 1.991 s each, cold "
        f"2.244 s; at least {LEAST_OF_SIMFAAS:g}"
    )
    return Measurement("fleet_vs_simfaas", value, "ratio", against, 1)


if find_spec("simfaas") is not None:  # without SimFaaS, there is no benchmark
    benchmark("fleet_vs_simfaas")(fleet_vs_simfaas)
