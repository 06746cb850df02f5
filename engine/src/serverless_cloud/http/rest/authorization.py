"""Decides who may call a method of a REST API: Lambda authorizers, Cognito user pools, signed requests.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers", "Control access to REST APIs using Amazon
Cognito user pools as an authorizer", "Control access to a REST API with IAM permissions".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.errors import AccessDenied
from serverless_cloud.http.authorizers import DEFAULT_TTL_S, LambdaAuthorizer, LambdaAuthorizers, NotAuthorized
from serverless_cloud.http.jwt_authorizer import InvalidToken, Tokens
from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import CALLERS_CREDENTIALS, FUNCTION_URI, Json
from serverless_cloud.http.sigv4 import BadSignature, Signer, SignerOf, signer
from serverless_cloud.iam.permissions import Caller


class Authorization:
    """Lets requests through, or not.

    Args:
        allow: raises AccessDenied unless a signer may do an action on a resource.
    """

    def __init__(
        self,
        functions: LambdaAuthorizers,
        tokens: Tokens,
        signer_of: SignerOf,
        allow: Callable[[Signer, str, str], None],
    ) -> None:
        self._functions, self._tokens, self._signer_of, self._allow = functions, tokens, signer_of, allow

    def check(self, exchange: Exchange) -> str | None:
        """Raises unless the request may go on. Puts facts about the caller into the exchange.

        Returns:
            The API key that a Lambda authorizer gave; None if there is none.

        Raises:
            GatewayError: 401, 403 or 500.
        """
        kind = exchange.method.get("authorizationType") or "NONE"
        if kind != "AWS_IAM" and _called_by_callers(exchange):
            reason = "The integration calls with the caller's credentials, but the method isn't AWS_IAM"
            raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
        if kind == "AWS_IAM":
            self._signed(exchange)
            return None
        if kind not in ("CUSTOM", "COGNITO_USER_POOLS"):
            return None
        settings = exchange.stage.deployment.authorizers.get(str(exchange.method.get("authorizerId")))
        if settings is None:
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason="the method's authorizer no longer exists")
        if kind == "COGNITO_USER_POOLS":
            self._cognito(exchange, settings)
            return None
        return self._custom(exchange, settings)

    def may_invalidate(self, exchange: Exchange) -> bool:
        """Whether the request is signed by somebody who may invalidate the cache."""
        try:
            caller = signer(exchange.request, "execute-api", self._signer_of)
            self._allow(caller, "execute-api:InvalidateCache", exchange.request_arn)
        except (BadSignature, AccessDenied):
            return False
        return True

    def _signed(self, exchange: Exchange) -> None:
        try:
            caller = signer(exchange.request, "execute-api", self._signer_of)
        except BadSignature as error:
            is_signed = "AWS4-HMAC-SHA256" in exchange.request.header("authorization") + exchange.request.raw_query
            kind = "INVALID_SIGNATURE" if is_signed else "MISSING_AUTHENTICATION_TOKEN"
            raise GatewayError(kind, reason=str(error)) from error
        try:
            self._allow(caller, "execute-api:Invoke", exchange.request_arn)
        except AccessDenied as error:
            raise GatewayError("ACCESS_DENIED", str(error)) from error
        if function := _called_by_callers(exchange):
            try:
                self._allow(caller, "lambda:InvokeFunction", function)
            except AccessDenied as error:
                raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Invalid permissions: {error}") from error
        who = {"accessKey": caller.access_key, "accountId": caller.account_id, "userArn": caller.user_arn}
        _know(exchange, identity=who | {"caller": caller.user_id, "user": caller.user_id})

    def _custom(self, exchange: Exchange, settings: Json) -> str | None:
        authorizer = lambda_authorizer(exchange, settings)
        try:
            grant = self._functions.authorize(authorizer, exchange.request, exchange.arrival, exchange.request_arn)
        except NotAuthorized as refusal:
            kind = {401: "UNAUTHORIZED", 403: "ACCESS_DENIED"}.get(refusal.status, "AUTHORIZER_CONFIGURATION_ERROR")
            raise GatewayError(kind, refusal.message or "") from refusal
        _know(exchange, authorizer=_strings(grant.for_event("rest")))
        return grant.usage_key

    def _cognito(self, exchange: Exchange, settings: Json) -> None:
        name = str(settings.get("identitySource") or "method.request.header.Authorization").rsplit(".", 1)[-1]
        token, scopes = exchange.request.header(name), exchange.method.get("authorizationScopes") or []
        for arn in settings.get("providerARNs") or ():
            region, pool = arn.split(":")[3], arn.rsplit("/", 1)[-1]
            try:
                claims = self._tokens.claims(token, f"https://cognito-idp.{region}.amazonaws.com/{pool}")
            except InvalidToken:
                continue
            has_scope = bool(set(str(claims.get("scope", "")).split()).intersection(scopes))
            if claims.get("token_use") == ("access" if scopes else "id") and (has_scope or not scopes):
                _know(exchange, authorizer={"claims": _strings(claims)})
                return
        raise GatewayError("UNAUTHORIZED")


def _called_by_callers(exchange: Exchange) -> str:
    """The ARN of the function that the integration calls with the caller's credentials; "" for any other."""
    integration = exchange.method.get("methodIntegration") or {}
    function = FUNCTION_URI.search(str(integration.get("uri")))
    return function.group(1) if function and integration.get("credentials") == CALLERS_CREDENTIALS else ""


def lambda_authorizer(exchange: Exchange, settings: Json) -> LambdaAuthorizer:
    """The settings of an authorizer as GetAuthorizer answers, for asking it.

    Raises:
        GatewayError: its URI names no function.
    """
    text = str(settings.get("authorizerUri") or "")
    for name, value in exchange.stage.variables.items():
        text = text.replace(f"${{stageVariables.{name}}}", value)
    match = FUNCTION_URI.search(text)
    if match is None:
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason=f"authorizerUri doesn't name a function: {text}")
    caller = Caller(
        "apigateway.amazonaws.com", f"{exchange.api_arn}/authorizers/{settings['id']}", exchange.stage.account_id
    )
    ttl_s, role_arn = settings.get("authorizerResultTtlInSeconds"), str(settings.get("authorizerCredentials") or "")
    return LambdaAuthorizer(
        key=(exchange.stage.api_id, exchange.stage.name, settings["id"]),
        function_arn=match.group(1),
        caller=None if role_arn else caller,
        sources=tuple(
            source.strip() for source in str(settings.get("identitySource") or "").split(",") if source.strip()
        ),
        is_token=settings.get("type") == "TOKEN",
        validation=str(settings.get("identityValidationExpression") or ""),
        ttl_s=DEFAULT_TTL_S if ttl_s is None else float(ttl_s),
        role_arn=role_arn,
    )


def _know(
    exchange: Exchange, *, authorizer: Mapping[str, Any] | None = None, identity: Mapping[str, Any] | None = None
) -> None:
    arrival = exchange.arrival
    known = dict(arrival.identity) | dict(identity or {})
    exchange.arrival = dataclasses.replace(arrival, authorizer=authorizer or arrival.authorizer, identity=known)
    exchange.refresh()


def _strings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Events of REST APIs carry what an authorizer found as strings; its own latency is a number."""

    def text(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {name: value if name == "integrationLatency" else text(value) for name, value in values.items()}
