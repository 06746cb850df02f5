"""What a measurement is, and how times are taken."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One result.

    Args:
        value: a ratio, or a time in the unit that `unit` names.
        unit: "ratio", "s", "ms" or "1/s".
        against: what it is a ratio to, or how it was measured.
        samples: how many single measurements the value is the median of.
    """

    name: str
    value: float
    unit: str
    against: str
    samples: int


class TooSlow(RuntimeError):
    """A ratio is below what it must be, or a time above."""


def within(value: float, what: str, *, least: float = -math.inf, most: float = math.inf) -> float:
    """The value itself.

    Args:
        what: that was measured, with its unit.

    Raises:
        TooSlow: it is below `least` or above `most`.
    """
    if value < least:
        raise TooSlow(f"{what}: {value:.2f}, and must be at least {least}.")
    if value > most:
        raise TooSlow(f"{what}: {value:.2f}, and must be at most {most}.")
    return value


BENCHMARKS: dict[str, Callable[[], Measurement]] = {}


def benchmark(name: str) -> Callable[[Callable[[], Measurement]], Callable[[], Measurement]]:
    """Registers a benchmark under its fixed name."""

    def register(function: Callable[[], Measurement]) -> Callable[[], Measurement]:
        BENCHMARKS[name] = function
        return function

    return register


def median_s(action: Callable[[], object], samples: int) -> float:
    """The median time of an action, in seconds."""
    times = []
    for _ in range(samples):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
