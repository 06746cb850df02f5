"""How fast the simulations are."""

from __future__ import annotations

import numpy as np

from serverless_first.bench.measure import Measurement, benchmark, median_s
from serverless_first.simulate import fleet, pool
from serverless_first.simulate.inputs import Floats

REQUESTS = 1_000_000


@benchmark("fleet_1e6_s")
def fleet_million() -> Measurement:
    """A million requests through the fleet, at about 200 busy environments."""
    arrivals_s, services_s = _million()
    value_s = median_s(lambda: fleet.simulate(arrivals_s, services_s, services_s + 0.5), 5)
    against = "wall time of fleet.simulate: 1,000,000 requests, 1,000/s of 0.2 s each, most recently used first"
    return Measurement("fleet_1e6_s", value_s, "s", against, 5)


@benchmark("pool_1e6_s")
def pool_million() -> Measurement:
    """A million requests through a pool of 180 connections, where every tenth request times out."""
    arrivals_s, services_s = _million()
    value_s = median_s(lambda: pool.simulate(arrivals_s, services_s, 180, borrow_timeout_s=1.0), 5)
    against = "wall time of pool.simulate: 1,000,000 requests, 1,000/s of 0.2 s each, 180 connections, timeout 1 s"
    return Measurement("pool_1e6_s", value_s, "s", against, 5)


def _million() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(2020)
    return np.cumsum(rng.exponential(1 / 1000, REQUESTS)), rng.exponential(0.2, REQUESTS)
