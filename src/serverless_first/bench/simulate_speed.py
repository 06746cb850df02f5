"""How fast the simulations are."""

from __future__ import annotations

import numpy as np

from serverless_first.bench.measure import Measurement, benchmark, median_s
from serverless_first.simulate import fleet

REQUESTS = 1_000_000


@benchmark("fleet_1e6_s")
def fleet_million() -> Measurement:
    """A million requests through the fleet, at about 200 busy environments."""
    rng = np.random.default_rng(2020)
    arrivals_s = np.cumsum(rng.exponential(1 / 1000, REQUESTS))
    services_s = rng.exponential(0.2, REQUESTS)
    value_s = median_s(lambda: fleet.simulate(arrivals_s, services_s, services_s + 0.5), 5)
    against = "wall time of fleet.simulate: 1,000,000 requests, 1,000/s of 0.2 s each, most recently used first"
    return Measurement("fleet_1e6_s", value_s, "s", against, 5)
