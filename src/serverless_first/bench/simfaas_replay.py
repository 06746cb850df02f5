"""SimFaaS 0.2.2, fed prepared requests in place of random ones, so that it can be compared with `simulate.fleet`.

SimFaaS (Mahmoudi and Khazaei, 2020; https://github.com/pacslab/SimFaaS) takes the newest idle environment. Use its
totals: its statistics by state count rejected requests as warm. It comes with the extras `test` and `bench`.
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
        arrivals_s: when each arrives, in seconds from 0.
        warm_s, cold_s: how long its service takes if it is warm, and if it is cold.
        expiry_s: how long an environment stays idle.
        cap: how many may be served at once.
    """

    arrivals_s: Floats
    warm_s: Floats
    cold_s: Floats
    expiry_s: float
    cap: int

    @property
    def until_s(self) -> float:
        """When the last one arrives."""
        return float(self.arrivals_s[-1])


def drawn(seed: int, requests: int, rate_per_s: float, warm_s: float, cold_s: float) -> Requests:
    """Poisson arrivals and exponential service times, cold ones longer in proportion; SimFaaS's own expiry and cap."""
    rng = np.random.default_rng(seed)
    arrivals_s = np.cumsum(rng.exponential(1 / rate_per_s, requests))
    services = rng.exponential(1.0, requests)
    return Requests(arrivals_s, warm_s * services, cold_s * services, expiry_s=600.0, cap=1000)


class _Replay(SimProcess):  # type: ignore[misc]
    """Gives prepared numbers, one at each call."""

    def __init__(self, values: Iterator[float]) -> None:
        super().__init__()
        self._values = values

    def generate_trace(self) -> float:
        return next(self._values)


class Replay:
    """A run of SimFaaS over some requests, until the last one has arrived.

    Args:
        requests: each finds its own service times, whichever start it meets.

    Attributes:
        simulator: SimFaaS's own object, for its totals and averages.
    """

    simulator: Any

    def __init__(self, requests: Requests) -> None:
        self._next = -1  # the request that arrives next: SimFaaS draws its gap before the one before it is served
        self._gaps_s = np.diff(requests.arrivals_s, prepend=0.0)
        self.simulator = ServerlessSimulator(
            arrival_process=_Replay(self._gaps()),
            warm_service_process=_Replay(self._services(requests.warm_s)),
            cold_service_process=_Replay(self._services(requests.cold_s)),
            expiration_threshold=requests.expiry_s,
            maximum_concurrency=requests.cap,
            max_time=float(np.cumsum(self._gaps_s)[-1]),  # as SimFaaS adds them up: then the last has arrived
        )

    def run(self) -> tuple[int, int, int]:
        """Runs it; returns how many requests were cold, warm and rejected."""
        self.simulator.generate_trace()
        found = self.simulator
        return found.total_cold_count, found.total_warm_count, found.total_reject_count

    def _gaps(self) -> Iterator[float]:
        for number, gap_s in enumerate([*self._gaps_s.tolist(), math.inf]):
            self._next = number
            yield gap_s

    def _services(self, values: Floats) -> Iterator[float]:
        numbers = values.tolist()
        while True:
            yield numbers[self._next - 1]


def timed(requests: Requests) -> tuple[tuple[int, int, int], float]:
    """Runs SimFaaS; returns how many requests were cold, warm and rejected, and the seconds that it took."""
    replay = Replay(requests)
    begun = time.perf_counter()
    counts = replay.run()
    return counts, time.perf_counter() - begun
