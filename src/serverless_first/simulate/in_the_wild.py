"""What functions are like in production: the distributions that Microsoft published of Azure Functions in July 2019.

Source: Shahrad et al., "Serverless in the Wild: Characterizing and Optimizing the Serverless Workload at a Large Cloud
Provider", USENIX ATC 2020, section 3 (arXiv 2003.03423). The paper gives no joint distribution: here an application's
rate, duration and memory are drawn independently of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats

#: Average execution times of functions, in seconds: log-normal, mean and standard deviation of the logarithm (fig. 7).
LOG_MEAN_S, LOG_SIGMA = -0.38, 2.36
#: Average allocated memory of applications, in MB: Burr XII, its two shapes and its scale (fig. 8).
BURR_C, BURR_K, BURR_SCALE_MB = 11.652, 0.221, 107.083
#: Average invocations a day of applications: the share of applications that has at most so many (fig. 5).
HOURLY_SHARE, MINUTELY_SHARE = 0.45, 0.814
ONCE_AN_HOUR, ONCE_A_MINUTE = 24.0, 1440.0
#: Ours: the paper's data are of 14 days, and the rates span eight orders of magnitude.
FEWEST_A_DAY = 1 / 14
MOST_A_DAY = FEWEST_A_DAY * 1e8
#: Ours: with this tail the applications called once a minute or more make 99.6 % of all invocations, as in the paper.
TAIL_EXPONENT = 0.38948
MOST_APPLICATIONS = 10_000_000


@dataclass(frozen=True, eq=False)
class Applications:
    """A sample of applications; each array has one entry for each.

    Attributes:
        per_day: invocations a day, on average.
        duration_s: execution time on average, in seconds, cold starts not counted.
        memory_mb: allocated memory on average, in MB.
    """

    per_day: Floats
    duration_s: Floats
    memory_mb: Floats


def duration_quantile_s(share: ArrayLike) -> Floats:
    """The average execution time that this share of functions does not exceed: exp(-0.38 + 2.36 z), z of the normal
    distribution. The median is 0.68 s.

    >>> float(duration_quantile_s(0.5).round(2))
    0.68

    Args:
        share: above 0, below 1.

    Raises:
        ValueError: share is out of its range.
    """
    return np.asarray(np.exp(LOG_MEAN_S + LOG_SIGMA * _normal_quantile(_share(share))))


def memory_quantile_mb(share: ArrayLike) -> Floats:
    """The average memory that this share of applications does not exceed: scale x ((1 - share)^(-1/k) - 1)^(1/c).

    >>> int(memory_quantile_mb(0.5).round())
    140

    Args:
        share: above 0, below 1.

    Raises:
        ValueError: share is out of its range.
    """
    return np.asarray(BURR_SCALE_MB * np.expm1(-np.log1p(-_share(share)) / BURR_K) ** (1 / BURR_C))


def per_day_quantile(share: ArrayLike) -> Floats:
    """The invocations a day that this share of applications does not exceed.

    The paper gives two points: 45 % are called at most once an hour, 81.4 % at most once a minute. Below and between
    them the logarithm grows in a straight line; above, a Pareto distribution ends at eight orders of magnitude above
    the rarest.

    >>> per_day_quantile([0.45, 0.814]).round(6).tolist()
    [24.0, 1440.0]

    Args:
        share: above 0, below 1.

    Raises:
        ValueError: share is out of its range.
    """
    shares = _share(share)
    logs = np.interp(
        shares,
        [0.0, HOURLY_SHARE, MINUTELY_SHARE],
        np.log([FEWEST_A_DAY, ONCE_AN_HOUR, ONCE_A_MINUTE]),
    )
    of_tail = np.clip((shares - MINUTELY_SHARE) / (1 - MINUTELY_SHARE), 0.0, 1.0)
    beyond = 1 - of_tail * (1 - (ONCE_A_MINUTE / MOST_A_DAY) ** TAIL_EXPONENT)
    return np.asarray(np.exp(logs) * beyond ** (-1 / TAIL_EXPONENT))


def applications(count: int, seed: int) -> Applications:
    """A sample of applications.

    >>> sample = applications(10_000, seed=2019)
    >>> bool(0.43 < (sample.per_day <= 24).mean() < 0.47)
    True

    Args:
        count: how many, 1 to 10,000,000.
        seed: of the random numbers; the same seed gives the same sample.

    Raises:
        ValueError: an argument is out of its range.
    """
    size = inputs.whole("count", count, 1, MOST_APPLICATIONS)
    rng = np.random.default_rng(inputs.whole("seed", seed, 0))
    shares = np.clip(rng.random((2, size)), 2.0**-54, None)  # 0 itself has no quantile
    durations = rng.lognormal(LOG_MEAN_S, LOG_SIGMA, size)
    return Applications(per_day_quantile(shares[0]), durations, memory_quantile_mb(shares[1]))


def _share(values: ArrayLike) -> Floats:
    found = inputs.numbers("share", values)
    if found.size and not (np.min(found) > 0 and np.max(found) < 1):
        raise ValueError(f"share holds {np.min(found):g} to {np.max(found):g}. Give numbers above 0 and below 1.")
    return found


def _normal_quantile(shares: Floats) -> Floats:
    """By the standard library, number by number: numpy has none."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile(share) for share in shares.ravel().tolist()]).reshape(shares.shape)
