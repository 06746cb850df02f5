"""REST APIs at work: a request goes in, a response comes out.

In the order of API Gateway: stage, resource and method, throttling, authorization, API key and usage plan, request
validation, cache, integration. Sources: API Gateway Developer Guide; the parts name theirs.
"""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections.abc import Callable

from serverless_cloud.http.proxy_events import Arrival
from serverless_cloud.http.request import Request, Response
from serverless_cloud.http.rest import cache as rest_cache
from serverless_cloud.http.rest.authorization import Authorization
from serverless_cloud.http.rest.cache import ResponseCache
from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError, gateway_response
from serverless_cloud.http.rest.integrations import Integrations
from serverless_cloud.http.rest.model import Stage
from serverless_cloud.http.rest.routing import route
from serverless_cloud.http.rest.usage import Quotas, identify, limits
from serverless_cloud.http.rest.validation import validate
from serverless_cloud.http.throttle import Throttles, account_limit

#: Finds a stage of an API; None if there is none.
FindStage = Callable[[str, str], Stage | None]


class RestApis:
    """All REST APIs of a local cloud."""

    def __init__(self, find_stage: FindStage, authorization: Authorization, integrations: Integrations) -> None:
        self._find_stage, self._authorization, self._integrations = find_stage, authorization, integrations
        self._throttles = Throttles()
        self.cache = ResponseCache()
        self.quotas = Quotas()

    def clear(self) -> None:
        """Forgets buckets, cached responses and used quotas."""
        self._throttles.clear()
        self.cache.clear()
        self.quotas.clear()

    def answer(self, api_id: str, request: Request) -> Response:
        """The response to a request."""
        name, _, path = request.raw_path.lstrip("/").partition("/")
        stage = self._find_stage(api_id, name)
        arrival = Arrival(api_id, name, "", "/" + path.lstrip("/"))
        if stage is None:
            return _named(gateway_response(GatewayError("FORBIDDEN")), arrival)
        try:
            exchange = arrived(request, stage, arrival)
        except GatewayError as error:
            return _named(gateway_response(error), arrival)
        try:
            return _named(self._through(exchange), arrival, exchange)
        except GatewayError as error:
            return _named(_refused(exchange, error), arrival)
        except Exception:  # an error of ours; the client sees what it would see of one of AWS's
            traceback.print_exc()
            return _named(_refused(exchange, GatewayError("DEFAULT_5XX")), arrival)

    def preflight(self, api_id: str, request: Request) -> Response | None:
        """The answer of an OPTIONS method with a MOCK integration; None if an answer would run something."""
        name, _, path = request.raw_path.lstrip("/").partition("/")
        stage = self._find_stage(api_id, name)
        match = stage and route(stage.deployment, request.method, "/" + path.lstrip("/"))
        if not match:
            return None
        method = match[2]
        runs = (method.get("methodIntegration") or {}).get("type") != "MOCK"
        return None if runs or method.get("authorizationType", "NONE") != "NONE" else self.answer(api_id, request)

    def _through(self, exchange: Exchange) -> Response:
        stage = exchange.stage
        settings, _ = stage.settings(exchange.resource, exchange.method_key)
        key = ("method", stage.api_id, stage.name, exchange.resource.path, exchange.method_key)
        own = limits(key, settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))
        own = [limit for limit in own if limit.rate_per_s >= 0 and limit.burst >= 0]  # -1: the method sets no limit
        if self._throttles.admit([account_limit(stage.account_id, stage.region), *own]):
            raise GatewayError("THROTTLED")
        key_of_authorizer = self._authorization.check(exchange)
        if exchange.method.get("apiKeyRequired"):
            self._admit_key(exchange, key_of_authorizer)
        validate(exchange)
        return self._cached(exchange)

    def _admit_key(self, exchange: Exchange, of_authorizer: str | None) -> None:
        by_header = exchange.stage.deployment.api_key_source != "AUTHORIZER"
        value = exchange.request.header("x-api-key") if by_header else of_authorizer
        client = identify(exchange, value)
        if self._throttles.admit(client.limits(exchange)):
            raise GatewayError("THROTTLED")
        self.quotas.count(client)
        known = dict(exchange.arrival.identity) | {"apiKey": client.key.value, "apiKeyId": client.key.id}
        exchange.arrival = dataclasses.replace(exchange.arrival, identity=known)
        exchange.refresh()

    def _cached(self, exchange: Exchange) -> Response:
        key = self.cache.key(exchange)
        if key is None:
            return self._integrations.call(exchange)
        warning: tuple[tuple[str, str], ...] = ()
        renews = rest_cache.asks_for_new(exchange)
        settings, _ = exchange.stage.settings(exchange.resource, exchange.method_key)
        if renews and settings.get("requireAuthorizationForCacheControl", True):
            renews = self._authorization.may_invalidate(exchange)
            strategy = settings.get("unauthorizedCacheControlHeaderStrategy") or "SUCCEED_WITH_RESPONSE_HEADER"
            if not renews and strategy == "FAIL_WITH_403":
                raise GatewayError("ACCESS_DENIED")
            if not renews and strategy == "SUCCEED_WITH_RESPONSE_HEADER":
                warning = (rest_cache.WARNING,)
        response = None if renews else self.cache.get(exchange, key)
        if response is None:
            response = self._integrations.call(exchange)
            self.cache.put(exchange, key, response)
        return dataclasses.replace(response, headers=(*response.headers, *warning))


def arrived(request: Request, stage: Stage, arrival: Arrival) -> Exchange:
    """A request that has found its method.

    Raises:
        GatewayError: 403, there is none.
    """
    match = route(stage.deployment, request.method, arrival.path)
    if match is None:
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
    resource, method_key, method, parameters = match
    arrival = dataclasses.replace(
        arrival,
        route=resource.path,
        account_id=stage.account_id,
        region=stage.region,
        path_parameters=parameters,
        stage_variables=stage.variables,
        resource_id=resource.id,
        deployment_id=stage.deployment.id,
    )
    return Exchange(request, stage, resource, method_key, method, arrival)


def _refused(exchange: Exchange, error: GatewayError) -> Response:
    if error.reason:
        where = f"{exchange.request.method} /{exchange.stage.name}{exchange.arrival.path}"
        print(f"REST API {exchange.stage.api_id}, {where}: {error.reason}", file=sys.stderr)
    return gateway_response(error)


def _named(response: Response, arrival: Arrival, exchange: Exchange | None = None) -> Response:
    """The response with the headers that API Gateway adds."""
    headers = {"x-amzn-RequestId": arrival.request_id, "x-amz-apigw-id": arrival.extended_request_id}
    if exchange is not None and exchange.integration["type"] not in ("HTTP_PROXY", "MOCK"):
        headers["X-Amzn-Trace-Id"] = arrival.trace_id
    response_headers = tuple((_renamed(name), value) for name, value in response.headers)
    return dataclasses.replace(response, headers=(*response_headers, *headers.items()))


def _renamed(name: str) -> str:
    """API Gateway Developer Guide, "Important notes": a backend's WWW-Authenticate is passed on under another name."""
    return "x-amzn-Remapped-WWW-Authenticate" if name.lower() == "www-authenticate" else name
