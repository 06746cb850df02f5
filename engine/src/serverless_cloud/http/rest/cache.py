"""The response cache of a stage, for GET methods, and for others that have caching set themselves.

Only the integration's cache namespace and its cacheKeyParameters tell responses apart. Without them
two requests to /orders/1 and /orders/2 get the same response, as on AWS. Sources: API Gateway Developer Guide, "Cache
settings for REST APIs" (TTL 300 s, at most 3,600 s, Cache-Control: max-age=0, responses up to 1,048,576 bytes).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Mapping

from serverless_cloud.http.request import Response
from serverless_cloud.http.rest.exchange import Exchange

DEFAULT_TTL_S = 300
LARGEST_BYTES = 1_048_576
WARNING = ("Warning", "199 Cache invalidation: not authorized")


class ResponseCache:
    """Responses by stage."""

    def __init__(self) -> None:
        self._responses: dict[tuple[str, str], dict[Hashable, tuple[float, Response]]] = {}
        self._lock = threading.Lock()

    def key(self, exchange: Exchange) -> Hashable | None:
        """The key under which a response is kept; None if the method's responses are not kept."""
        settings, own = exchange.stage.settings(exchange.resource, exchange.method_key)
        if not (exchange.stage.has_cache and settings.get("cachingEnabled") and ttl_s(settings) > 0):
            return None
        if exchange.request.method != "GET" and not own:
            return None
        integration = exchange.integration
        values = tuple((name, _value(exchange, name)) for name in sorted(integration.get("cacheKeyParameters") or ()))
        return (integration.get("cacheNamespace") or exchange.resource.id, exchange.request.method, values)

    def get(self, exchange: Exchange, key: Hashable) -> Response | None:
        """The response that is kept, unless its time is over."""
        with self._lock:
            entries = self._responses.get(_stage(exchange), {})
            until_s, response = entries.get(key, (0.0, Response(200)))
            if until_s > time.monotonic():
                return response
            entries.pop(key, None)
        return None

    def put(self, exchange: Exchange, key: Hashable, response: Response) -> None:
        """Keeps a response, unless it is an error or too large."""
        settings, _ = exchange.stage.settings(exchange.resource, exchange.method_key)
        if response.status >= 400 or len(response.body) > LARGEST_BYTES:
            return
        with self._lock:
            self._responses.setdefault(_stage(exchange), {})[key] = (time.monotonic() + ttl_s(settings), response)

    def flush(self, api_id: str, stage: str) -> None:
        """Forgets all responses of a stage."""
        with self._lock:
            self._responses.pop((api_id, stage), None)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._responses.clear()


def ttl_s(settings: Mapping[str, object]) -> int:
    """How long responses are kept, in seconds."""
    value = settings.get("cacheTtlInSeconds")
    return DEFAULT_TTL_S if value is None else int(str(value))


def asks_for_new(exchange: Exchange) -> bool:
    """Whether the client wants the cache's entry to be replaced: Cache-Control: max-age=0."""
    return "max-age=0" in exchange.request.header("cache-control").replace(" ", "").lower()


def _stage(exchange: Exchange) -> tuple[str, str]:
    return exchange.stage.api_id, exchange.stage.name


def _value(exchange: Exchange, name: str) -> tuple[str, ...]:
    place, _, key = name.removeprefix("method.request.").partition(".")
    event = exchange.event
    if place == "path":
        return ((event["pathParameters"] or {}).get(key, ""),)
    if place == "querystring":
        return tuple((event["multiValueQueryStringParameters"] or {}).get(key, ()))
    many = {header.lower(): values for header, values in event["multiValueHeaders"].items()}
    return tuple(many.get(key.lower(), ()))
