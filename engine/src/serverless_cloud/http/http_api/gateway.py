"""An HTTP API of API Gateway (version 2) as it answers: route, authorize, throttle, integrate, CORS.

Source: API Gateway Developer Guide, "API Gateway HTTP APIs".
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.http import sigv4
from serverless_cloud.http.authorizers import FORMAT_2_0, LambdaAuthorizer, LambdaAuthorizers, NotAuthorized
from serverless_cloud.http.cors import is_preflight
from serverless_cloud.http.http_api.integrations import Integrations
from serverless_cloud.http.http_api.model import HttpApi, JwtAuthorizer, Route, Stage
from serverless_cloud.http.http_api.parameter_mapping import Values, map_request, map_response
from serverless_cloud.http.jwt_authorizer import InvalidToken, Tokens, check_audience, check_scopes, claims_for_event
from serverless_cloud.http.proxy_events import Arrival, short_request_id
from serverless_cloud.http.request import Request, Response, message
from serverless_cloud.http.throttle import Throttles, account_limit

_REFUSALS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}


class HttpApis:
    """Answers for all HTTP APIs of a local cloud.

    Args:
        allow: whether a signer may call an API, by the ARN of method and path.
    """

    def __init__(
        self,
        integrations: Integrations,
        authorizers: LambdaAuthorizers,
        tokens: Tokens,
        throttles: Throttles,
        signer_of: sigv4.SignerOf,
        allow: Callable[[sigv4.Signer, str], bool],
    ) -> None:
        self._integrations, self._authorizers, self._tokens = integrations, authorizers, tokens
        self._throttles, self._signer_of, self._allow = throttles, signer_of, allow

    def answer(self, api: HttpApi, request: Request) -> Response:
        """An API's answer to a request."""
        match = None if api.disabled else api.stage_of(request.path)
        if match is None or match[0].deployment is None:
            status = 403 if api.disabled else 404
            return message(status, _REFUSALS[status], ("Apigw-Requestid", short_request_id()))
        stage, path = match
        deployment = match[0].deployment
        cors, (route, parameters) = deployment.cors, deployment.find(request.method, path) or (None, {})
        arrival = Arrival(
            api_id=api.id,
            stage=stage.name,
            route=route.key if route else "",
            path=request.raw_path,
            account_id=api.account_id,
            region=api.region,
            path_parameters=parameters,
            stage_variables=stage.variables,
        )
        checked = self._checked(api, stage, route, path, request, arrival) if route else arrival
        if cors is not None and isinstance(checked, Arrival) and is_preflight(request):
            response = cors.preflight(request)
        else:
            response = checked if isinstance(checked, Response) else self._integrated(route, path, request, checked)
            response = cors.applied(request, response) if cors is not None else response
        request_id = ("Apigw-Requestid", arrival.extended_request_id)
        return Response(response.status, (*response.headers, request_id), response.body)

    def _checked(
        self, api: HttpApi, stage: Stage, route: Route, path: str, request: Request, arrival: Arrival
    ) -> Arrival | Response:
        """The arrival with what the authorizer has found, or why the request may not go on."""
        own = stage.limits.get(route.key, stage.limit)
        if self._throttles.admit([account_limit(api.account_id, api.region), *([own] if own else [])]) is not None:
            return message(429, "Too Many Requests")
        try:
            context = self._authorized(api, stage, route, path, request, arrival)
        except NotAuthorized as refusal:
            return message(refusal.status, _REFUSALS[refusal.status])
        except InvalidToken as refusal:
            return _invalid(refusal)
        return arrival if context is None else dataclasses.replace(arrival, authorizer=context)

    def _integrated(self, route: Route | None, path: str, request: Request, arrival: Arrival) -> Response:
        if route is None or route.integration is None:
            return message(404, "Not Found")
        integration = route.integration
        values = Values(request, path, arrival)
        changed_path = None
        if integration.request_parameters and not integration.subtype:
            request, changed_path = map_request(request, integration.request_parameters, values)
        response = self._integrations.answer(route, integration, request, arrival, changed_path, values)
        if integration.response_parameters:
            values = Values(request, path, arrival, response)
            response = map_response(response, integration.response_parameters, values)
        return response

    def _authorized(
        self, api: HttpApi, stage: Stage, route: Route, path: str, request: Request, arrival: Arrival
    ) -> Mapping[str, Any] | None:
        """The authorizer's result; None if there is no authorizer.

        Raises:
            NotAuthorized, InvalidToken: the request may not go on.
        """
        authorizer = route.authorizer
        if authorizer is None:
            return None
        arn = f"arn:aws:execute-api:{api.region}:{api.account_id}:{api.id}/{stage.name}/{request.method}{path}"
        if isinstance(authorizer, LambdaAuthorizer):
            grant = self._authorizers.authorize(authorizer, request, arrival, arn)
            return grant.for_event(_event_format(route))
        if isinstance(authorizer, JwtAuthorizer):
            return self._jwt(authorizer, route, request, arrival)
        return self._iam(route, request, arn)

    def _jwt(self, authorizer: JwtAuthorizer, route: Route, request: Request, arrival: Arrival) -> dict[str, Any]:
        token = Values(request, "", arrival).of(authorizer.source)
        if not token:
            raise InvalidToken("")
        claims = self._tokens.claims(token, authorizer.issuer)
        check_audience(claims, authorizer.audiences)
        context = {"claims": claims_for_event(claims), "scopes": check_scopes(claims, route.scopes)}
        return {"jwt": context} if _event_format(route) == FORMAT_2_0 else context

    def _iam(self, route: Route, request: Request, arn: str) -> dict[str, Any]:
        try:
            who = sigv4.signer(request, "execute-api", self._signer_of)
        except sigv4.BadSignature as error:
            raise NotAuthorized(403, "Forbidden") from error
        if not self._allow(who, arn):
            raise NotAuthorized(403, "Forbidden")
        context = who.as_context()
        return {"iam": context} if _event_format(route) == FORMAT_2_0 else context


def _event_format(route: Route) -> str:
    return route.integration.format if route.integration else FORMAT_2_0


def _invalid(refusal: InvalidToken) -> Response:
    if not str(refusal):  # there is none
        return message(401, "Unauthorized", ("WWW-Authenticate", "Bearer"))
    print(f"An HTTP API refused a JSON web token: {refusal}", file=sys.stderr)
    kind = "invalid_token" if refusal.status == 401 else "insufficient_scope"
    why = str(refusal).replace('"', "'")
    header = ("WWW-Authenticate", f'Bearer scope="" error="{kind}" error_description="{why}"')
    return message(refusal.status, "Unauthorized" if refusal.status == 401 else "Forbidden", header)
