"""How many invocations may be under way: the Region's quota, and the part of it that a function reserves.

Rules (AWS Lambda Developer Guide, "Understanding Lambda function scaling"; CreateFunction and PutFunctionConcurrency in
the API reference):

- All functions of an account share one quota in a Region.
- A function with reserved concurrency has that many for itself, and never more. The others share what is left.
- 100 must stay unreserved.
- Provisioned concurrency counts too, in use or not: against the function's reservation, or else against what is
  unreserved. Calls that run in provisioned environments are not counted here a second time.
"""

from __future__ import annotations

import threading
from collections import Counter

from serverless_cloud.errors import TooManyRequests

ACCOUNT_CONCURRENCY = 1000  # AWS Lambda quotas: concurrent executions, default
UNRESERVED_AT_LEAST = 100  # PutFunctionConcurrency: the least for functions without a reservation


class ConcurrencyError(ValueError):
    """A reservation, or provisioned concurrency, that AWS refuses; the text is AWS's."""


def _too_little_left(what: str) -> ConcurrencyError:
    return ConcurrencyError(
        f"Specified {what} for function decreases account's UnreservedConcurrentExecution below its minimum value of "
        f"[{UNRESERVED_AT_LEAST}]."
    )


def place_of(arn: str) -> str:
    """The part of a function's ARN that the functions of one account and Region share."""
    return arn.rsplit(":function:", 1)[0]


class Concurrency:
    """Counts the invocations under way.

    Args:
        account_limit: the quota of one account in one Region.
    """

    def __init__(self, account_limit: int = ACCOUNT_CONCURRENCY) -> None:
        self.account_limit = account_limit
        self._reserved: dict[str, int] = {}
        self._provisioned: dict[str, int] = {}
        self._under_way: Counter[str] = Counter()
        self._lock = threading.RLock()

    def enter(self, arn: str) -> None:
        """One more invocation of the function `arn` begins, outside of provisioned environments.

        Raises:
            TooManyRequests: it would be one too many.
        """
        with self._lock:
            reserved = self._reserved.get(arn)
            if reserved is not None:
                if self._under_way[arn] >= reserved - self._provisioned.get(arn, 0):
                    raise TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded")
            else:
                place = place_of(arn)
                sharing = sum(n for other, n in self._under_way.items() if self._shares(other, place))
                provisioned_count = sum(n for other, n in self._provisioned.items() if self._shares(other, place))
                if sharing >= self.unreserved(place) - provisioned_count:
                    raise TooManyRequests("ConcurrentInvocationLimitExceeded")
            self._under_way[arn] += 1

    def _shares(self, arn: str, place: str) -> bool:
        return arn not in self._reserved and place_of(arn) == place

    def leave(self, arn: str) -> None:
        """One invocation of it has ended."""
        with self._lock:
            self._under_way[arn] -= 1
            if self._under_way[arn] <= 0:
                del self._under_way[arn]

    def reserved(self, arn: str) -> int | None:
        """The function's reservation; None if there is none."""
        return self._reserved.get(arn)

    def unreserved(self, place: str) -> int:
        """The concurrency that functions without a reservation share, in one account and Region."""
        with self._lock:
            return self.account_limit - sum(n for arn, n in self._reserved.items() if place_of(arn) == place)

    def reserve(self, arn: str, count: int | None) -> None:
        """Reserves `count` for a function, 0 to stop it altogether; None gives the reservation back.

        Raises:
            ConcurrencyError: too little would be left unreserved, or it has more provisioned.
        """
        with self._lock:
            if count is None:
                self._reserved.pop(arn, None)
                return
            if self.unreserved(place_of(arn)) + self._reserved.get(arn, 0) - count < UNRESERVED_AT_LEAST:
                raise _too_little_left("ReservedConcurrentExecutions")
            if count < self._provisioned.get(arn, 0):
                raise ConcurrencyError(
                    "ReservedConcurrentExecutions for function should not be lower than function's total provisioned "
                    f"concurrency [{self._provisioned[arn]}]."
                )
            self._reserved[arn] = count

    def provision(self, arn: str, total: int) -> None:
        """Notes that the versions of a function have `total` environments provisioned together.

        Raises:
            ConcurrencyError: more than the function reserves, or than may be taken from what is unreserved.
        """
        with self._lock:
            reserved, place = self._reserved.get(arn), place_of(arn)
            if reserved is not None and total > reserved:
                raise ConcurrencyError(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
                    f"for function [{reserved}]."
                )
            others = sum(n for a, n in self._provisioned.items() if self._shares(a, place) and a != arn)
            free = self.unreserved(place) - others
            if reserved is None and total > free:
                raise ConcurrencyError(
                    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                    f"[{free}]."
                )
            if reserved is None and total > free - UNRESERVED_AT_LEAST:
                raise _too_little_left("ConcurrentExecutions")
            self._provisioned[arn] = total

    def forget(self, arn: str) -> None:
        """The function was deleted."""
        with self._lock:
            self._reserved.pop(arn, None)
            self._provisioned.pop(arn, None)

    def clear(self) -> None:
        """Forgets every reservation. Calls under way still count until they end."""
        with self._lock:
            self._reserved.clear()
            self._provisioned.clear()
