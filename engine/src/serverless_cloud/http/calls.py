"""Calls of functions for a client that waits: not longer than the integration's timeout."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

from serverless_cloud.errors import CloudError
from serverless_cloud.iam.permissions import Caller, Permissions
from serverless_cloud.lambda_.calling import Functions
from serverless_cloud.lambda_.function import Reply

MOST_AT_ONCE = 1000  # as many as an account's functions may run at once
SERVICE = "apigateway.amazonaws.com"
EVENT_BYTES = 6_291_456  # AWS Lambda quotas: Invoke, synchronous
ANSWER_BYTES = 6_291_556  # the same, as Lambda's error names it

T = TypeVar("T")


class EventTooLarge(CloudError):
    """The request makes an event that Lambda does not take."""


class FunctionCalls:
    """Calls functions in its own threads, so that a function goes on when nobody waits any more, as on AWS.

    Args:
        permissions: asked for the roles in which functions are called.
    """

    def __init__(self, functions: Functions, permissions: Permissions) -> None:
        self._functions, self._permissions = functions, permissions
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="http-call")

    def invoke(
        self, arn: str, event: Mapping[str, Any] | bytes, caller: Caller | None, timeout_s: float, role_arn: str = ""
    ) -> Reply:
        """Calls a function and waits for its answer.

        Args:
            arn: of the function, version or alias.
            event: goes to it as JSON.
            caller: see `Functions.invoke`.
            timeout_s: how long the client waits.
            role_arn: of the role that API Gateway calls in; with it there is no `caller`.

        Raises:
            TimeoutError: no answer in time; the function goes on.
            EventTooLarge: more than 6 MB.
            FunctionGone, TooManyRequests, AccessDenied: as for `Functions.invoke`.
        """
        self._require(arn, role_arn)
        payload = event if isinstance(event, bytes) else event_bytes(event)
        if len(payload) > EVENT_BYTES:
            raise EventTooLarge(f"The event has {len(payload)} bytes. Lambda accepts at most {EVENT_BYTES}.")
        return within_limit(self.run(lambda: self._functions.invoke(arn, payload, caller), timeout_s))

    def submit(self, arn: str, event: bytes, caller: Caller | None, role_arn: str = "") -> None:
        """Hands an event over to be run asynchronously. Args, Raises: as for `invoke`, but no TimeoutError."""
        self._require(arn, role_arn)
        self._functions.submit(arn, event, caller)

    def run(self, work: Callable[[], T], timeout_s: float) -> T:
        """The result of `work`, if it comes in time. The work goes on in any case.

        Raises:
            TimeoutError: it did not.
        """
        return self._pool.submit(work).result(timeout_s)

    def _require(self, arn: str, role_arn: str) -> None:
        if role_arn:
            self._permissions.require(role_arn, "lambda:InvokeFunction", arn, service=SERVICE)


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """An event as it goes to a function."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def within_limit(reply: Reply) -> Reply:
    """The same reply, or Lambda's error for one of more than 6 MB."""
    if len(reply.payload) <= ANSWER_BYTES:
        return reply
    text = f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes)."
    error = {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}
    return replace(reply, payload=json.dumps(error).encode(), function_error="Unhandled")
