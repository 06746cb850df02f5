"""An HTTP API as it answers: stages, their deployments, routes, and the choice of a request's route.

Source: API Gateway Developer Guide, "Create routes for HTTP APIs in API Gateway": the most specific route wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from serverless_cloud.http.authorizers import LambdaAuthorizer
from serverless_cloud.http.cors import Cors
from serverless_cloud.http.request import Request, Response
from serverless_cloud.http.throttle import Limit

DEFAULT = "$default"  # the name of a stage, and the key of a route


@dataclass(frozen=True)
class Integration:
    """The integration of a route.

    Args:
        kind: "AWS_PROXY" or "HTTP_PROXY".
        subtype: of a service integration, "SQS-SendMessage"; empty for a function.
        uri: the function's ARN (stage variables in it), or an address on this machine.
        method: of the request to an address; "ANY" for the client's own.
        format: of the event, "1.0" or "2.0".
        timeout_s: how long the client waits, in seconds.
        request_parameters: parameter mapping, or the parameters of a service integration.
        response_parameters: parameter mapping by status code.
        role_arn: whom API Gateway acts as; empty: the function's resource policy has to allow it.
    """

    kind: str
    uri: str = ""
    subtype: str = ""
    method: str = "ANY"
    format: str = "1.0"
    timeout_s: float = 30.0
    request_parameters: Mapping[str, str] = field(default_factory=dict)
    response_parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    role_arn: str = ""


@dataclass(frozen=True)
class JwtAuthorizer:
    """The settings of a JWT authorizer: whom a token comes from, whom it is for, where it is in a request."""

    issuer: str
    audiences: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Route:
    """A route.

    Args:
        key: "GET /orders/{id}", "ANY /{proxy+}" or "$default".
        integration: None: it has no target, so it answers as if it did not exist.
        authorizer: an authorizer, "AWS_IAM", or None.
        scopes: of which a token needs one (JWT).
    """

    key: str
    integration: Integration | None = None
    authorizer: JwtAuthorizer | LambdaAuthorizer | str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path in the key; "" for $default."""
        return self.key.split(" ", 1)[1] if " " in self.key else ""

    @cached_property
    def _parts(self) -> tuple[str, tuple[str, ...]]:
        method, _, path = self.key.partition(" ")
        return method, tuple(path.split("/")[1:])

    @cached_property
    def rank(self) -> tuple[tuple[int, ...], int]:
        """Smaller is more specific: literal parts before variables before greedy ones, then a method before ANY."""
        if self.key == DEFAULT:
            return (9,), 9
        method, parts = self._parts
        return tuple(2 if p.endswith("+}") else 1 if p.startswith("{") else 0 for p in parts), int(method == "ANY")

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path parameters, if a request takes this route; None if not.

        Args:
            path: decoded, without the stage: "/orders/7".
        """
        if self.key == DEFAULT:
            return {}
        route_method, parts = self._parts
        if route_method not in ("ANY", method):
            return None
        segments = path.split("/")[1:]
        parameters: dict[str, str] = {}
        for number, part in enumerate(parts):
            if part.endswith("+}"):
                rest = "/".join(segments[number:])
                if number >= len(segments) or (not rest and number == 0):
                    return None
                return parameters | {part[1:-2]: rest}
            if number >= len(segments) or (part.startswith("{") and not segments[number]):
                return None
            if part.startswith("{"):
                parameters[part[1:-1]] = segments[number]
            elif part != segments[number]:
                return None
        return parameters if len(segments) == len(parts) else None


@dataclass(frozen=True)
class Deployment:
    """The deployed parts that a stage answers with.

    Args:
        routes: sorted, the most specific first.
        cors: None: the integrations answer preflight requests themselves.
    """

    routes: tuple[Route, ...] = ()
    cors: Cors | None = None
    id: str = ""

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route that a request takes, with its path parameters; None if there is none."""
        for route in self.routes:
            parameters = route.match(method, path)
            if parameters is not None:
                return route, parameters
        return None


def deployment(routes: Sequence[Route], cors: Cors | None, id: str = "") -> Deployment:
    """A deployment of these routes, in whatever order they come."""
    return Deployment(tuple(sorted(routes, key=lambda route: route.rank)), cors, id)


@dataclass(frozen=True)
class Stage:
    """A stage.

    Args:
        name: "$default" answers at the root, others under their name.
        deployment: None: nothing is deployed yet.
        limits: of routes, by their key.
        limit: for all routes that don't set their own.
    """

    name: str
    deployment: Deployment | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    limit: Limit | None = None


@dataclass(frozen=True)
class HttpApi:
    """An HTTP API.

    Args:
        stages: by name.
        disabled: whether its own address does not answer (DisableExecuteApiEndpoint).
    """

    id: str
    account_id: str
    region: str
    stages: Mapping[str, Stage]
    disabled: bool = False

    def preflight(self, request: Request) -> Response | None:
        """Its CORS configuration's answer to a preflight request; None without CORS, or with an authorizer."""
        stage = None if self.disabled else self.stage_of(request.path)
        if stage is None or stage[0].deployment is None or stage[0].deployment.cors is None:
            return None
        route = stage[0].deployment.find(request.method, stage[1])
        return None if route and route[0].authorizer else stage[0].deployment.cors.preflight(request)

    def stage_of(self, path: str) -> tuple[Stage, str] | None:
        """The stage that a path leads to, and the path without it; None if there is none.

        Args:
            path: decoded.
        """
        first, slash, rest = path[1:].partition("/")
        if first != DEFAULT and first in self.stages:
            return self.stages[first], f"/{rest}" if slash else "/"
        return (self.stages[DEFAULT], path) if DEFAULT in self.stages else None
