"""Throttling by token buckets: of an account, a stage, a method, a usage plan.

Sources: Amazon API Gateway Developer Guide, "Throttle requests to your REST APIs for better throughput" (rate is the
steady number of requests per second, burst the size of the bucket) and the quotas of an account: 10,000 a second with
a burst of 5,000, for all APIs of a Region together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

ACCOUNT_RATE_PER_S = 10_000.0
ACCOUNT_BURST = 5_000.0


@dataclass(frozen=True)
class Limit:
    """One bucket that a request must find a token in.

    Args:
        key: which bucket: ("stage", api id, stage name) for instance. It starts full.
        rate_per_s: tokens that come back each second; 0 lets nothing through, as on AWS.
        burst: the most tokens that it holds; 0 lets nothing through.
    """

    key: Hashable
    rate_per_s: float
    burst: float


class _Bucket:
    def __init__(self, limit: Limit, now_s: float) -> None:
        self.limit, self.tokens, self.filled_s = limit, limit.burst, now_s

    def refill(self, limit: Limit, now_s: float) -> None:
        if limit != self.limit:  # a changed setting starts a full bucket
            self.limit, self.tokens = limit, limit.burst
        self.tokens = min(limit.burst, self.tokens + (now_s - self.filled_s) * limit.rate_per_s)
        self.filled_s = now_s


class Throttles:
    """The buckets of a local cloud.

    Args:
        clock: seconds that only go forward; a test's own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}
        self._lock = threading.Lock()

    def admit(self, limits: Iterable[Limit]) -> Limit | None:
        """Takes one token out of each bucket; takes none if one of them is empty.

        Returns:
            The first limit that is reached; None if the request may go on.
        """
        with self._lock:
            now_s, buckets = self._clock(), []
            for limit in limits:
                bucket = self._buckets.setdefault(limit.key, _Bucket(limit, now_s))
                bucket.refill(limit, now_s)
                if bucket.tokens < 1 or limit.rate_per_s <= 0:
                    return limit
                buckets.append(bucket)
            for bucket in buckets:
                bucket.tokens -= 1
        return None

    def clear(self) -> None:
        """Forgets all buckets."""
        with self._lock:
            self._buckets.clear()


def account_limit(account_id: str, region: str) -> Limit:
    """The bucket that all requests to the APIs of an account share in one Region."""
    return Limit(("account", account_id, region), ACCOUNT_RATE_PER_S, ACCOUNT_BURST)
