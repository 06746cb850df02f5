"""The token bucket with which API Gateway throttles requests.

The rate is how many tokens come back each second, and the burst is how many tokens the bucket holds. A request takes
one token. If there is none, the request gets 429. Source: Amazon API Gateway Developer Guide, "Throttle requests to
your REST APIs".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_first.simulate import inputs


@dataclass(frozen=True)
class Throttled:
    """The outcome of each request.

    Attributes:
        passed: for each request, whether it found a token.
        tokens: for each request, how many tokens it found in the bucket.
        rate_per_s, burst: the bucket's settings, as in `token_bucket`.
    """

    passed: NDArray[np.bool_]
    tokens: NDArray[np.float64]
    rate_per_s: float
    burst: float

    @property
    def refused(self) -> int:
        """How many requests got 429."""
        return int(np.count_nonzero(~self.passed))


def token_bucket(arrivals_s: ArrayLike, rate_per_s: float, burst: float) -> Throttled:
    """Sends requests to a bucket that is full at first.

    >>> int(token_bucket([0.0] * 25, rate_per_s=5, burst=10).passed.sum())
    10

    Args:
        arrivals_s: when each request arrives, in seconds, ascending.
        rate_per_s: tokens that come back each second, above 0.
        burst: the most tokens that the bucket holds, from 1.

    Raises:
        ValueError: an argument is out of its range.
    """
    times_s = np.atleast_1d(np.asarray(arrivals_s, dtype=float))
    if times_s.ndim != 1 or not np.all(np.isfinite(times_s)) or np.any(np.diff(times_s) < 0):
        raise ValueError("arrivals_s must be a list of seconds in ascending order.")
    rate = float(inputs.above_zero("rate_per_s", rate_per_s))
    if not burst >= 1:
        raise ValueError(f"burst is {burst!r}. Use 1 or more, because a smaller bucket lets nothing through.")
    passed, levels = np.zeros(len(times_s), dtype=bool), np.zeros(len(times_s))
    tokens, last_s = float(burst), float(times_s[0]) if len(times_s) else 0.0
    for number, now_s in enumerate(times_s):
        tokens = min(float(burst), tokens + (float(now_s) - last_s) * rate)
        last_s, levels[number], passed[number] = float(now_s), tokens, tokens >= 1
        tokens -= float(passed[number])
    return Throttled(passed, levels, rate, float(burst))
