"""Defines measurements and benchmarks, and measures times."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """The result of a benchmark.

    Args:
        name: the benchmark's fixed name.
        value: a ratio, or a value in `unit`.
        unit: "ratio", "s", "ms" or "1/s".
        against: the reference of a ratio, or how the value was measured.
        samples: the number of single measurements, whose median is the value.
    """

    name: str
    value: float
    unit: str
    against: str
    samples: int


class TooSlow(RuntimeError):
    """A ratio is below its minimum, or a time is above its maximum."""


def within(value: float, what: str, *, least: float = -math.inf, most: float = math.inf) -> float:
    """Returns the value, after comparing it with its limits.

    Args:
        value: the measured value.
        what: its name, with the unit.
        least, most: the limits, both allowed.

    Raises:
        TooSlow: the value is below `least` or above `most`.
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
