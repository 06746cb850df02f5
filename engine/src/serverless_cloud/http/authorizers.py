"""Lambda authorizers, for REST APIs and HTTP APIs. A function says whether a request may go on. JWT: jwt_authorizer.py.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers" with "Input to" and "Output from an API
Gateway Lambda authorizer", and "Control access to HTTP APIs with AWS Lambda authorizers".
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.errors import CloudError
from serverless_cloud.http.calls import FunctionCalls
from serverless_cloud.http.proxy_events import Arrival, http_event_1_0, http_event_2_0, rest_event
from serverless_cloud.http.request import Request
from serverless_cloud.iam import policies
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone

REST, FORMAT_1_0, FORMAT_2_0 = "rest", "1.0", "2.0"
DEFAULT_TTL_S = 300.0  # of REST APIs; HTTP APIs keep answers only if a TTL is given
TIMEOUT_S = {REST: 29.0, FORMAT_1_0: 10.0, FORMAT_2_0: 10.0}  # quotas; HTTP APIs: 10,000 ms for an authorizer
MOST_KEPT = 10_000  # answers in the cache; ours, so that it cannot grow without end


class NotAuthorized(Exception):
    """The request may not go on.

    Args:
        status: 401: no identity, or the authorizer said "Unauthorized". 403: the policy does not allow it. 500: the
            authorizer failed, or its answer is none.
        message: as a REST API words it; None stands for null.
    """

    def __init__(self, status: int, message: str | None) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class LambdaAuthorizer:
    """The settings of a Lambda authorizer.

    Args:
        key: tells it from all others: (API's id, authorizer's id); answers are kept under it.
        function_arn: of the function, version or alias.
        caller: API Gateway, with the authorizer's ARN; None if a role stands for it.
        sources: where the identity is: "method.request.header.Authorization" (REST), "$request.header.Authorization"
            (HTTP), likewise querystring, context and stageVariables. A TOKEN authorizer has one.
        is_token: whether it gets the token only (REST, type TOKEN).
        validation: what the token must match (REST, TOKEN); empty: anything.
        ttl_s: how long an answer is kept, in seconds; 0: not at all.
        format: of the event: REST, FORMAT_1_0 or FORMAT_2_0.
        is_simple: whether it answers {"isAuthorized": true} (HTTP, format 2.0) instead of a policy.
        role_arn: of the role that API Gateway calls it in; empty: the function's policy has to allow the caller.
    """

    key: Hashable
    function_arn: str
    caller: Caller | None
    sources: tuple[str, ...] = ()
    is_token: bool = False
    validation: str = ""
    ttl_s: float = DEFAULT_TTL_S
    format: str = REST
    is_simple: bool = False
    role_arn: str = ""


@dataclass(frozen=True)
class Grant:
    """The request may go on.

    Args:
        context: what the authorizer tells the integration.
        principal_id: whom it has found; empty in simple answers.
        usage_key: the API key for the usage plan, if the authorizer gives it (REST).
        latency_ms: how long the authorizer took.
    """

    context: Mapping[str, Any] = field(default_factory=dict)
    principal_id: str = ""
    usage_key: str | None = None
    latency_ms: int = 0

    def for_event(self, format: str) -> dict[str, Any]:
        """The value of requestContext.authorizer in the event."""
        if format == FORMAT_2_0:
            return {"lambda": dict(self.context)}
        context: dict[str, Any] = {"principalId": self.principal_id}
        context |= {name: _string(value) for name, value in self.context.items()}
        return context | {"integrationLatency": self.latency_ms}


class LambdaAuthorizers:
    """Asks authorizers, and keeps their answers."""

    def __init__(self, calls: FunctionCalls) -> None:
        self._calls = calls
        self._answers: dict[Hashable, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def authorize(self, authorizer: LambdaAuthorizer, request: Request, arrival: Arrival, method_arn: str) -> Grant:
        """Whether a request may go on.

        Args:
            method_arn: "arn:aws:execute-api:us-east-1:123456789012:API/STAGE/GET/orders/7".

        Raises:
            NotAuthorized: it may not, with why.
        """
        event = _event(authorizer, request, arrival, method_arn)
        identity = identity_of(authorizer.sources, request, event)
        if identity is None or (authorizer.is_token and not _is_token(identity, authorizer.validation)):
            raise NotAuthorized(401, "Unauthorized")
        if authorizer.is_token:
            event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": identity[0]}
        elif authorizer.format == FORMAT_2_0:
            event["identitySource"] = list(identity) or None
        elif authorizer.format == FORMAT_1_0:
            event |= {"identitySource": ",".join(identity), "authorizationToken": ",".join(identity)}
        answer, latency_ms = self._answer(authorizer, identity, event)
        return _grant(answer, method_arn, latency_ms, authorizer.is_simple)

    def clear(self) -> None:
        """Forgets all answers."""
        with self._lock:
            self._answers.clear()

    def forget(self, key: Hashable) -> None:
        """Forgets the answers of one authorizer: it was changed, or its cache was flushed."""
        with self._lock:
            self._answers = {cache_key: entry for cache_key, entry in self._answers.items() if cache_key[0] != key}  # type: ignore[index]

    def _answer(
        self, authorizer: LambdaAuthorizer, identity: tuple[str, ...], event: dict[str, Any]
    ) -> tuple[dict[str, Any], int]:
        key = (authorizer.key, identity)
        keeps = authorizer.ttl_s > 0 and bool(identity)
        with self._lock:
            until_s, answer = self._answers.get(key, (0.0, {}))
        if keeps and until_s > time.monotonic():
            return answer, 0
        begun = time.perf_counter()
        answer = self._ask(authorizer, event)
        latency_ms = round((time.perf_counter() - begun) * 1000)
        if keeps:
            with self._lock:
                if len(self._answers) >= MOST_KEPT:
                    self._answers.clear()
                self._answers[key] = (time.monotonic() + authorizer.ttl_s, answer)
        return answer, latency_ms

    def _ask(self, authorizer: LambdaAuthorizer, event: dict[str, Any]) -> dict[str, Any]:
        try:
            timeout_s = TIMEOUT_S[authorizer.format]
            arn, role_arn = authorizer.function_arn, authorizer.role_arn
            reply = self._calls.invoke(arn, event, authorizer.caller, timeout_s, role_arn)
            answer = json.loads(reply.payload)
        except (FunctionGone, CloudError, TimeoutError, ValueError) as error:
            raise _failed(f"the authorizer's function {authorizer.function_arn} did not answer: {error!r}") from error
        if reply.function_error:
            if isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized":
                raise NotAuthorized(401, "Unauthorized")
            raise _failed(f"the authorizer's function {authorizer.function_arn} ended with an error: {answer}")
        if not isinstance(answer, dict):
            raise _failed(f"the answer of an authorizer must be an object, not {answer!r}")
        return answer


def _is_token(identity: tuple[str, ...], validation: str) -> bool:
    return len(identity) == 1 and re.fullmatch(validation or ".*", identity[0], re.DOTALL) is not None


def _string(value: Any) -> str | None:
    """A value of the context as REST APIs and format 1.0 hand it on: as a string."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _failed(why: str) -> NotAuthorized:
    """Clients don't learn the cause. You find it in the server's own log."""
    print(f"Authorization failed: {why}", file=sys.stderr)
    return NotAuthorized(500, None)


def _event(authorizer: LambdaAuthorizer, request: Request, arrival: Arrival, method_arn: str) -> dict[str, Any]:
    """The event of type REQUEST, without the identity: as the integration's, without the body."""
    if authorizer.format == REST:
        event = {"type": "REQUEST", "methodArn": method_arn} | rest_event(request, arrival)
    elif authorizer.format == FORMAT_1_0:
        event = {"version": "1.0", "type": "REQUEST", "methodArn": method_arn} | http_event_1_0(request, arrival)
    else:
        fields = {"version": "2.0", "type": "REQUEST", "routeArn": method_arn, "identitySource": None}
        event = fields | http_event_2_0(request, arrival)
    return {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}


def identity_of(sources: tuple[str, ...], request: Request, event: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values of the identity sources, in their order; None if one is missing or empty.

    Args:
        sources: see `LambdaAuthorizer`.
        event: one of proxy.py: the context and the stage variables are looked up there.
    """
    values = []
    for source in sources:
        value = _value(source.strip().removeprefix("$").removeprefix("method."), request, event)
        if not value:
            return None
        values.append(value)
    return tuple(values)


def _value(source: str, request: Request, event: Mapping[str, Any]) -> str:
    kind, _, name = source.partition(".")
    if kind == "request":
        place, _, name = name.partition(".")
        if place == "header":
            return ",".join(request.all_headers(name))
        if place == "querystring":
            return str((event.get("queryStringParameters") or {}).get(name, ""))
        return ""
    if kind == "stageVariables":
        return str((event.get("stageVariables") or {}).get(name, ""))
    if kind == "context":
        value: Any = event.get("requestContext", {})
        if name == "routeKey" and name not in value:  # format 1.0 has it under another name
            name = "resourceId"
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return "" if value is None else str(value)
    return ""


def _grant(answer: dict[str, Any], method_arn: str, latency_ms: int, is_simple: bool) -> Grant:
    context = answer.get("context") or {}
    if not isinstance(context, dict):
        raise _failed(f"context must be an object, not {context!r}")
    if is_simple:
        if not isinstance(answer.get("isAuthorized"), bool):
            raise _failed(f"a simple answer must have isAuthorized, true or false: {answer}")
        if not answer["isAuthorized"]:
            raise NotAuthorized(403, "Forbidden")
        return Grant(context, latency_ms=latency_ms)
    if not isinstance(answer.get("principalId"), str) or not isinstance(answer.get("policyDocument"), dict):
        raise _failed(
            f"the answer of an authorizer needs principalId, a string, and policyDocument, an object: {answer}"
        )
    if wrong := [name for name, value in context.items() if not isinstance(value, str | int | float | None)]:
        raise _failed(f"context.{wrong[0]} must be a string, a number or a boolean")
    verdict = _verdict(answer["policyDocument"], method_arn)
    if verdict is not policies.Verdict.ALLOW:
        text = "User is not authorized to access this resource"
        raise NotAuthorized(403, f"{text} with an explicit deny" if verdict is policies.Verdict.DENY else text)
    return Grant(context, answer["principalId"], answer.get("usageIdentifierKey"), latency_ms)


def _verdict(document: dict[str, Any], method_arn: str) -> policies.Verdict:
    try:
        return policies.parsed(json.dumps(document)).says(policies.Request("execute-api:Invoke", method_arn))
    except ValueError as error:
        raise _failed(f"the policy of an authorizer is not valid: {error}") from error
