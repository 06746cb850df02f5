"""The fleet simulation against SimFaaS 0.2.2, an independent simulator: fed the same requests, it counts the same.

SimFaaS takes the newest idle environment, so the routing is "newest-created". Its own totals are compared, not its
statistics by state, which count rejected requests as warm.
"""

from __future__ import annotations

import numpy as np
import pytest

from serverless_first.bench.simfaas_replay import Replay, Requests
from serverless_first.simulate import fleet

POINTS = [
    # requests per second, mean service warm and cold in s, expiry in s, cap
    (0.9, 1.991, 2.244, 600.0, 1000),  # the example of its README
    (0.9, 1.991, 2.244, 20.0, 1000),
    (0.01, 2.0, 2.5, 60.0, 1000),
    (0.1, 0.2, 1.0, 10.0, 1000),
    (5.0, 1.0, 1.5, 1.0, 1000),
    (5.0, 1.0, 1.5, 0.05, 1000),
    (5.0, 1.0, 1.5, 600.0, 5),
    (5.0, 1.0, 3.0, 2.0, 3),
    (20.0, 1.0, 1.2, 30.0, 15),
    (20.0, 0.5, 4.0, 0.5, 1000),
    (2.0, 1.0, 1.0, 4.0, 1),
    (50.0, 0.8, 1.0, 5.0, 35),
]


@pytest.mark.parametrize("spread", ["exponential", "constant", "lognormal"])
@pytest.mark.parametrize(("rate_per_s", "warm_mean_s", "cold_mean_s", "expiry_s", "cap"), POINTS)
def test_simfaas_counts_the_same_cold_warm_and_rejected_requests(
    rate_per_s: float, warm_mean_s: float, cold_mean_s: float, expiry_s: float, cap: int, spread: str
) -> None:
    requests = 2000
    rng = np.random.default_rng([2020, round(rate_per_s * 1000), cap])
    arrivals_s = np.cumsum(rng.exponential(1 / rate_per_s, requests))
    drawn = {
        "exponential": rng.exponential(1.0, requests),
        "constant": np.ones(requests),
        "lognormal": rng.lognormal(-0.5, 1.0, requests),  # mean 1
    }[spread]
    warm_s, cold_s = warm_mean_s * drawn, cold_mean_s * drawn
    given = Requests(arrivals_s, warm_s, cold_s, expiry_s, cap)
    replay = Replay(given)
    counts = replay.run()

    result = fleet.simulate(
        arrivals_s, warm_s, cold_s, expiry_s, cap, routing="newest-created", horizon_s=given.until_s
    )

    assert (result.cold, result.warm, result.throttled) == counts
    assert sum(counts) == requests == replay.simulator.total_req_count
    assert min(result.cold, result.warm) > 0
    assert (result.throttled > 0) == (cap < 1000)  # so each outcome is compared
    assert result.mean_busy == pytest.approx(replay.simulator.get_average_server_running_count(), rel=1e-9)
    assert result.mean_idle == pytest.approx(replay.simulator.get_average_server_idle_count(), rel=1e-9)
