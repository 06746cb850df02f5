"""Calls of functions for a client that waits: not longer than the integration's timeout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from serverless_first.cloud.errors import CloudError
from serverless_first.cloud.lambda_.calling import Caller, Functions
from serverless_first.cloud.lambda_.function import Reply
from serverless_first.cloud.permissions import Permissions

MOST_AT_ONCE = 1000  # as many as an account's functions may run at once
SERVICE = "apigateway.amazonaws.com"
EVENT_BYTES = 6_291_456  # AWS Lambda quotas: Invoke, synchronous


class EventTooLarge(CloudError):
    """The request makes an event that Lambda does not take."""


class FunctionCalls:
    """Calls functions in threads of its own, so that a function goes on when nobody waits any more, as on AWS.

    Args:
        functions: by their ARN.
        permissions: asked for the roles in which functions are called; None: no role is checked.
    """

    def __init__(self, functions: Functions, permissions: Permissions | None = None) -> None:
        self._functions, self._permissions = functions, permissions
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="http-call")

    def invoke(
        self, arn: str, event: Mapping[str, Any], caller: Caller | None, timeout_s: float, role_arn: str = ""
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
        if role_arn and self._permissions is not None:
            self._permissions.require(role_arn, "lambda:InvokeFunction", arn, service=SERVICE)
        payload = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        if len(payload) > EVENT_BYTES:
            raise EventTooLarge(f"The event has {len(payload)} bytes; Lambda takes {EVENT_BYTES}.")
        return self._pool.submit(self._functions.invoke, arn, payload, caller).result(timeout_s)
