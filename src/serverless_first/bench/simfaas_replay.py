"""Runs SimFaaS 0.2.2 with prepared requests instead of random ones, to compare it with `simulate.fleet`.

SimFaaS (Mahmoudi and Khazaei, 2020; https://github.com/pacslab/SimFaaS) takes the newest idle environment. Use its
totals, because its statistics by state count rejected requests as warm. The extras `test` and `bench` install it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from simfaas.ServerlessSimulator import ServerlessSimulator
from simfaas.SimProcess import SimProcess

from serverless_first.simulate.inputs import Floats


@dataclass(frozen=True)
class Requests:
    """Requests for both simulators.

    Args:
        arrivals_s: when each request arrives, in seconds from 0.
        warm_s, cold_s: how long its service takes if it is warm, and if it is cold, in seconds.
        expiry_s: how long an environment stays idle before it ends, in seconds.
        cap: how many requests may be served at the same time.
    """

    arrivals_s: Floats
    warm_s: Floats
    cold_s: Floats
    expiry_s: float
    cap: int

    @property
    def until_s(self) -> float:
        """When the last request arrives, in seconds."""
        return float(self.arrivals_s[-1])


def drawn(seed: int, requests: int, rate_per_s: float, warm_s: float, cold_s: float) -> Requests:
    """Poisson arrivals with exponential service times, proportionally longer if cold. Expiry and cap are SimFaaS's."""
    rng = np.random.default_rng(seed)
    arrivals_s = np.cumsum(rng.exponential(1 / rate_per_s, requests))
    services = rng.exponential(1.0, requests)
    return Requests(arrivals_s, warm_s * services, cold_s * services, expiry_s=600.0, cap=1000)


class _Replay(SimProcess):  # type: ignore[misc]
    """Returns prepared numbers, one for each call."""

    def __init__(self, values: Iterator[float]) -> None:
        super().__init__()
        self._values = values

    def generate_trace(self) -> float:
        return next(self._values)


class Replay:
    """A run of SimFaaS with prepared requests, until the last request has arrived.

    Args:
        requests: the requests; each keeps its own service times, for a warm or a cold start.

    Attributes:
        simulator: SimFaaS's own object, for its totals and averages.
    """

    simulator: Any

    def __init__(self, requests: Requests) -> None:
        self._next = -1  # the next request; SimFaaS draws its gap before it serves the previous request
        self._gaps_s = np.diff(requests.arrivals_s, prepend=0.0)
        self.simulator = ServerlessSimulator(
            arrival_process=_Replay(self._gaps()),
            warm_service_process=_Replay(self._services(requests.warm_s)),
            cold_service_process=_Replay(self._services(requests.cold_s)),
            expiration_threshold=requests.expiry_s,
            maximum_concurrency=requests.cap,
            max_time=float(np.cumsum(self._gaps_s)[-1]),  # SimFaaS adds the gaps the same way
        )

    def run(self) -> tuple[int, int, int]:
        """Runs SimFaaS. Returns how many requests were cold, warm and rejected."""
        self.simulator.generate_trace()
        simulator = self.simulator
        return simulator.total_cold_count, simulator.total_warm_count, simulator.total_reject_count

    def _gaps(self) -> Iterator[float]:
        for number, gap_s in enumerate([*self._gaps_s.tolist(), math.inf]):
            self._next = number
            yield gap_s

    def _services(self, values: Floats) -> Iterator[float]:
        numbers = values.tolist()
        while True:
            yield numbers[self._next - 1]


def timed(requests: Requests) -> tuple[tuple[int, int, int], float]:
    """Runs SimFaaS. Returns how many requests were cold, warm and rejected, and the time that it took, in seconds."""
    replay = Replay(requests)
    begun = time.perf_counter()
    counts = replay.run()
    return counts, time.perf_counter() - begun
