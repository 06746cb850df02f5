"""CORS as HTTP APIs and function URLs answer it themselves: preflight requests, and headers of the others.

Sources: API Gateway Developer Guide, "Configure CORS for HTTP APIs in API Gateway"; Lambda API reference, Cors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.http.request import Request, Response

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


@dataclass(frozen=True)
class Cors:
    """A CORS configuration.

    Args:
        origins: "https://lamps.example", "*", "https://*".
        methods, headers, exposed: names, or "*".
        max_age_s: how long a browser may keep the answer to a preflight request, in seconds; None: not said.
        credentials: whether cookies may be sent.
    """

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool = False

    def response_headers(self, request: Request) -> tuple[tuple[str, str], ...]:
        """The headers for an answer to `request`; empty if its origin is not allowed or missing."""
        origin = request.header("origin")
        if not origin or not any(_matches(allowed, origin) for allowed in self.origins):
            return ()
        any_origin = "*" in self.origins and not self.credentials
        headers = [("Access-Control-Allow-Origin", "*" if any_origin else origin)]
        if not any_origin:
            headers.append(("Vary", "Origin"))
        if self.credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if self.exposed:
            headers.append(("Access-Control-Expose-Headers", ",".join(self.exposed)))
        return tuple(headers)

    def preflight(self, request: Request, status: int = 204) -> Response:
        """The answer to a preflight request; without CORS headers if the origin is not allowed."""
        cors_headers = list(self.response_headers(request))
        if cors_headers:
            methods = METHODS if "*" in self.methods else self.methods
            names = [h.strip() for h in request.header("access-control-request-headers").split(",") if h.strip()]
            headers = names if "*" in self.headers else self.headers
            cors_headers += [("Access-Control-Allow-Methods", ",".join(methods))] if methods else []
            cors_headers += [("Access-Control-Allow-Headers", ",".join(headers))] if headers else []
            cors_headers += [("Access-Control-Max-Age", str(self.max_age_s))] if self.max_age_s is not None else []
        return Response(status, tuple(cors_headers))

    def applied(self, request: Request, response: Response) -> Response:
        """The answer of an integration, whose CORS headers are replaced by the configured headers."""
        headers = tuple((n, v) for n, v in response.headers if not n.lower().startswith("access-control-"))
        return Response(response.status, (*headers, *self.response_headers(request)), response.body)


def is_preflight(request: Request) -> bool:
    """Whether a browser asks if it may send a request."""
    asks = request.header("access-control-request-method")
    return request.method == "OPTIONS" and bool(request.header("origin")) and bool(asks)


def cors_of(configuration: Mapping[str, Any] | None) -> Cors | None:
    """The configuration as the APIs keep it: `allowOrigins` (API Gateway) or `AllowOrigins` (Lambda) and so on."""
    if not configuration:
        return None
    lower = {name.lower(): value for name, value in configuration.items()}
    age = lower.get("maxage")
    return Cors(
        origins=_names(lower.get("alloworigins")),
        methods=tuple(name.upper() for name in _names(lower.get("allowmethods"))),
        headers=_names(lower.get("allowheaders")),
        exposed=_names(lower.get("exposeheaders")),
        max_age_s=None if age is None else int(age),
        credentials=bool(lower.get("allowcredentials")),
    )


def _names(names: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(names or ())


def _matches(allowed: str, origin: str) -> bool:
    if allowed.endswith("://*"):
        return origin.lower().startswith(allowed[:-1].lower())
    return allowed == "*" or allowed.lower() == origin.lower()
