"""Long simulations for tests: random requests, and an average with its standard error."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from serverless_first.simulate.inputs import Floats

BATCHES = 100


def poisson(seed: int, rate_per_s: float, requests: int) -> Floats:
    """So many arrivals at random moments, in seconds."""
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate_per_s, requests))


def exponential(seed: int, mean_s: float, requests: int) -> Floats:
    """So many exponential times, in seconds, independent of the arrivals of the same seed."""
    return np.random.default_rng(seed + 1000).exponential(mean_s, requests)


def assert_average(values: Floats | NDArray[np.bool_], expected: float, *, within: float, seed: int) -> None:
    """The average is what is expected, within so many standard errors, and they are small enough to see a difference.

    Neighbours depend on each other, so the error is that of the averages of long batches. Entries of NaN are left out.
    """
    means = [float(np.nanmean(batch)) for batch in np.array_split(np.asarray(values, dtype=float), BATCHES)]
    mean, error = float(np.mean(means)), float(np.std(means, ddof=1)) / math.sqrt(BATCHES)
    said = f"{mean:.6g} +- {error:.2g}, expected {expected:.6g}, seed {seed}"
    assert abs(mean - expected) <= within * error, said
    assert error < 0.05 * expected, said
