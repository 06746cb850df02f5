"""How the data plane itself calls functions: pollers, topics, buckets, rules, APIs."""

from __future__ import annotations

from typing import Protocol

from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.function import Reply


class FunctionGone(LookupError):
    """There is no function, version or alias of this ARN (any more)."""


class Functions(Protocol):
    """The functions of the local cloud, by their ARN, which may end in a version or an alias."""

    def invoke(self, arn: str, event: bytes, caller: Caller | None = None) -> Reply:
        """Calls a function and waits for its answer.

        Args:
            arn: of the function, version or alias.
            event: JSON.
            caller: who pushes the event; None for a poller of Lambda's own, which needs nobody's leave.

        Raises:
            FunctionGone: there is no such function.
            NotNow: a concurrency limit is reached (TooManyRequests), no subnet has a free address, or the function is
                not active.
            AccessDenied: permissions are enforced, and the function does not allow this caller.
        """

    def submit(self, arn: str, event: bytes, caller: Caller | None = None) -> None:
        """Hands an event over to be run asynchronously: Lambda's own retries and destinations follow.

        Args, Raises: as for `invoke`; being throttled is Lambda's business then.
        """
