"""Refuses settings of HTTP APIs that AWS refuses or the local cloud doesn't support; with moto's errors.

Each function takes the parameters of a call as they came ({"routeKey": ...}), with the thing's own where the call
leaves them out. It raises BadRequestException, Conflict or NotHonoured with what is allowed.

Sources: API Gateway v2 API reference, and "Quotas for configuring and running an HTTP API".
"""

from __future__ import annotations

import re

from moto.apigatewayv2.exceptions import APIGatewayV2Error, BadRequestException

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.http.http_api.integrations import SERVICES, refuse_foreign
from serverless_cloud.http.http_api.parameter_mapping import check_keys
from serverless_cloud.http.jwt_authorizer import unreachable

METHODS = ("ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TIMEOUT_MS = (50, 30_000)
TTL_S = (0, 3600)
FUNCTION = re.compile(
    r"(?:arn:[^:]+:apigateway:[^:]+:lambda:path/[\d-]+/functions/)?(arn:[^:]+:lambda:.+?)(?:/invocations)?"
)
COGNITO = re.compile(r"https://cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/([\w-]+)")

#: Settings that only WebSocket APIs have, and settings that moto would keep without effect, by their object.
OF_WEBSOCKETS = {
    "route": ("apiKeyRequired", "modelSelectionExpression", "requestModels", "requestParameters",
              "routeResponseSelectionExpression"),
    "integration": ("contentHandlingStrategy", "passthroughBehavior", "requestTemplates",
                    "templateSelectionExpression"),
    "stage": ("clientCertificateId",),
    "api": ("apiKeySelectionExpression", "disableSchemaValidation"),
}  # fmt: skip
NOT_HONOURED = {"integration": ("tlsConfig", "connectionId"), "stage": ("accessLogSettings",)}

#: Calls that have no effect in the local cloud, by boto3's names.
REFUSED_CALLS = (
    "export_api", "create_domain_name", "create_api_mapping", "create_vpc_link",
    "create_model", "get_models", "create_route_response", "get_route_responses", "create_integration_response",
    "create_routing_rule",
)  # fmt: skip


class Conflict(APIGatewayV2Error):
    """It is there already, or still in use."""

    code = 409

    def __init__(self, text: str) -> None:
        super().__init__("ConflictException", text)


def _refuse_settings(kind: str, params: JsonObject) -> None:
    """Raises for settings that HTTP APIs don't have or the local cloud doesn't support. Kinds: `OF_WEBSOCKETS`."""
    for name in OF_WEBSOCKETS[kind]:
        if params.get(name):
            raise BadRequestException(f"{name[0].upper() + name[1:]} is not supported for HTTP APIs")
    for name in NOT_HONOURED.get(kind, ()):
        if params.get(name):
            raise NotHonoured(name[0].upper() + name[1:])


def refuse_api(params: JsonObject) -> None:
    """Raises for an API that cannot be made or changed so."""
    if params.get("protocolType") == "WEBSOCKET":
        raise NotHonoured("ProtocolType WEBSOCKET")
    _refuse_settings("api", params)
    if params.get("ipAddressType") not in (None, "ipv4"):
        raise NotHonoured(f"IpAddressType {params['ipAddressType']}")
    cors = params.get("corsConfiguration") or {}
    origins = cors.get("allowOrigins") or []
    if cors.get("allowCredentials") and "*" in origins:
        raise BadRequestException("Cannot use wildcard as AllowOrigins when AllowCredentials is true")
    if wrong := [o for o in origins if not re.fullmatch(r"\*|[a-z][a-z0-9+.-]*://\S+", o)]:
        raise BadRequestException(
            f"Invalid format for origin {wrong[0]!r}. It must be * or begin with http:// or https://."
        )


def refuse_route(params: JsonObject, others: list[str]) -> None:
    """Raises for a route that cannot be. Args: others: the keys of the API's other routes."""
    _refuse_settings("route", params)
    key = params.get("routeKey") or ""
    if key != "$default":
        method, _, path = key.partition(" ")
        if method not in METHODS or not re.fullmatch(r"/|(/[^/\s]+)+", path):
            raise BadRequestException(
                f"The route key {key!r} is not valid. Give $default, or a method and a path such as GET "
                f"/orders/{{id}}. The method is one of {', '.join(METHODS)}. The path begins with a slash and doesn't "
                "end with a slash."
            )
        _refuse_path(path)
    if key in others:
        raise Conflict(f"Route with key {key} already exists for this API")
    kind = params.get("authorizationType") or "NONE"
    if kind not in ("NONE", "JWT", "CUSTOM", "AWS_IAM"):
        raise BadRequestException(f"AuthorizationType is {kind!r}. It must be NONE, JWT, CUSTOM or AWS_IAM.")
    if kind in ("JWT", "CUSTOM") and not params.get("authorizerId"):
        raise BadRequestException(f"A route with AuthorizationType {kind} needs an AuthorizerId")
    if params.get("authorizationScopes") and kind != "JWT":
        raise BadRequestException("Scopes are only supported for routes with JWT authorization")


def _refuse_path(path: str) -> None:
    parts = path.split("/")[1:]
    for number, part in enumerate(parts):
        if part.startswith("{") or "{" in part or "}" in part:
            if not re.fullmatch(r"\{[\w.-]+\+?\}", part):
                raise BadRequestException(
                    f"{part!r} in {path} is not a path variable. A variable is a whole part, such as {{id}} or "
                    f"{{proxy+}}."
                )
            if part.endswith("+}") and number < len(parts) - 1:
                raise BadRequestException(f"The greedy path variable {part} must be the last part of {path}.")
    names = [part.strip("{}+") for part in parts if part.startswith("{")]
    if len(set(names)) < len(names):
        raise BadRequestException(f"{path} has two path variables with the same name. Rename one of them.")


def refuse_integration(params: JsonObject) -> None:
    """Raises for an integration that cannot be."""
    _refuse_settings("integration", params)
    kind, subtype = params.get("integrationType"), params.get("integrationSubtype")
    uri = params.get("integrationUri") or ""
    if kind not in ("AWS_PROXY", "HTTP_PROXY"):
        raise BadRequestException(f"IntegrationType is {kind!r}. For an HTTP API it must be AWS_PROXY or HTTP_PROXY.")
    if params.get("connectionType") == "VPC_LINK":
        raise NotHonoured("ConnectionType VPC_LINK")
    timeout_ms = params.get("timeoutInMillis")
    if timeout_ms is not None and not TIMEOUT_MS[0] <= int(timeout_ms) <= TIMEOUT_MS[1]:
        raise BadRequestException(f"Timeout should be between {TIMEOUT_MS[0]} ms and {TIMEOUT_MS[1]} ms")
    version = params.get("payloadFormatVersion") or "1.0"
    if version not in ("1.0", "2.0"):
        raise BadRequestException(f"PayloadFormatVersion is {version!r}. It must be 1.0 or 2.0.")
    try:
        _refuse_target(kind, subtype, uri, params)
        if not subtype:
            check_keys(params.get("requestParameters") or {}, response=False)
        for mapping in (params.get("responseParameters") or {}).values():
            check_keys(mapping, response=True)
    except ValueError as error:
        raise BadRequestException(str(error)) from error


def _refuse_target(kind: str, subtype: str | None, uri: str, params: JsonObject) -> None:
    if kind == "HTTP_PROXY":
        if not params.get("integrationMethod"):
            raise BadRequestException(
                "An HTTP_PROXY integration needs an IntegrationMethod. ANY passes on the client's own method."
            )
        if "${stageVariables." not in uri.split("/")[2 if "//" in uri else 0]:
            refuse_foreign(uri)
    elif subtype:
        if subtype not in SERVICES:
            raise NotHonoured(
                f"IntegrationSubtype {subtype}",
                "The local cloud doesn't support {}. It supports " + ", ".join(SERVICES) + ". "
                "docs/fidelity.md lists what works here.",
            )
        service, given = SERVICES[subtype], set(params.get("requestParameters") or {})
        if missing := [name for name in service.required if name not in given]:
            raise BadRequestException(f"Missing required parameters for {subtype}: {', '.join(missing)}")
        if unknown := given - {*service.required, *service.optional, "Region"}:
            raise BadRequestException(f"{subtype} doesn't have the parameter {', '.join(sorted(unknown))}.")
        if not params.get("credentialsArn"):
            raise BadRequestException(
                f"{subtype} needs a CredentialsArn, the ARN of the role that API Gateway assumes."
            )
    elif not FUNCTION.fullmatch(uri):
        raise BadRequestException(
            f"Invalid integration URI specified: {uri!r}. It must be the ARN of a function, or "
            "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations."
        )


def refuse_authorizer(params: JsonObject) -> None:
    """Raises for an authorizer that cannot be."""
    kind, sources = params.get("authorizerType"), params.get("identitySource") or []
    if kind not in ("JWT", "REQUEST"):
        raise BadRequestException(f"AuthorizerType is {kind!r}. For an HTTP API it must be JWT or REQUEST.")
    pattern = r"\$(request\.(header|querystring)\.\S+|context\.\S+|stageVariables\.\S+)"
    if wrong := [source for source in sources if not re.fullmatch(pattern, source)]:
        raise BadRequestException(f"Invalid identity source {wrong[0]!r}. Write it like $request.header.Authorization.")
    ttl_s = params.get("authorizerResultTtlInSeconds")
    if ttl_s is not None and not TTL_S[0] <= int(ttl_s) <= TTL_S[1]:
        raise BadRequestException(f"AuthorizerResultTtlInSeconds is {ttl_s}. It must be {TTL_S[0]} to {TTL_S[1]}.")
    if kind == "JWT":
        jwt = params.get("jwtConfiguration") or {}
        if not jwt.get("issuer") or not jwt.get("audience"):
            raise BadRequestException("JwtConfiguration needs an Issuer and an Audience.")
        if len(sources) != 1:
            raise BadRequestException(
                "A JWT authorizer needs one IdentitySource, such as $request.header.Authorization."
            )
        if not COGNITO.fullmatch(jwt["issuer"]) and (why := unreachable(jwt["issuer"])):
            raise BadRequestException(f"Invalid issuer: {jwt['issuer']}. {why}")
        return
    if params.get("authorizerPayloadFormatVersion") not in ("1.0", "2.0"):
        raise BadRequestException(
            "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer. Give 1.0 or 2.0."
        )
    if params.get("enableSimpleResponses") and params.get("authorizerPayloadFormatVersion") != "2.0":
        raise BadRequestException("EnableSimpleResponses needs AuthorizerPayloadFormatVersion 2.0.")
    if not FUNCTION.fullmatch(params.get("authorizerUri") or ""):
        raise BadRequestException(
            "AuthorizerUri must be the URI of a function, such as arn:aws:apigateway:REGION:lambda:path/..."
        )
    if ttl_s and not sources:
        raise BadRequestException(
            "Caching needs an IdentitySource, because API Gateway caches answers under its value."
        )


def refuse_stage(params: JsonObject) -> None:
    """Raises for a stage that cannot be."""
    _refuse_settings("stage", params)
    name = params.get("stageName") or ""
    if not re.fullmatch(r"\$default|[\w-]{1,128}", name):
        raise BadRequestException(
            f"The stage name {name!r} is not valid. It must be $default, or have letters, digits, - and _."
        )
    settings = [params.get("defaultRouteSettings") or {}, *(params.get("routeSettings") or {}).values()]
    for each in settings:
        if each.get("dataTraceEnabled") or each.get("loggingLevel") not in (None, "OFF"):
            raise BadRequestException("Execution logs are not supported on protocolType HTTP")
        if each.get("detailedMetricsEnabled"):
            raise NotHonoured("DetailedMetricsEnabled")
    variables = params.get("stageVariables") or {}
    if wrong := [name for name in variables if not re.fullmatch(r"\w+", name)]:
        raise BadRequestException(
            f"The stage variable {wrong[0]!r} is not valid. Its name must have letters, digits and underscores."
        )
