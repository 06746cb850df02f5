"""HTTP APIs answer.

moto keeps APIs, and serves none. Calls that make or change an API, its routes, integrations, authorizers and stages
check first (http_api_rules.py), then moto keeps it, then what is deployed follows. `Api.api_endpoint` is the address
of a door on this machine. Added, for moto has not got them: quick create (Target), GetAuthorizers,
ResetAuthorizersCache; see http_api_stages.py for more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from moto.apigatewayv2.exceptions import BadRequestException
from moto.apigatewayv2.models import Api, Authorizer, Integration, Route
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.errors import AccessDenied
from serverless_cloud.http.authorizers import LambdaAuthorizers
from serverless_cloud.http.calls import FunctionCalls
from serverless_cloud.http.front import local_url
from serverless_cloud.http.http_api.gateway import HttpApis
from serverless_cloud.http.http_api.integrations import Integrations
from serverless_cloud.http.jwt_authorizer import Tokens
from serverless_cloud.http.request import Request, Response, message
from serverless_cloud.http.sigv4 import Signer
from serverless_cloud.http.throttle import Throttles
from serverless_cloud.plane import DataPlane
from serverless_cloud.services.apigateway import http_api_rules as rules
from serverless_cloud.services.apigateway.http_api_live import deploy_by_itself, served
from serverless_cloud.services.apigateway.http_api_services import keys_of_pool, service_calls
from serverless_cloud.services.apigateway.http_api_stages import check_deployment, named, stage_json
from serverless_cloud.services.apigateway.signers import require, signer_of

patches = Service("apigateway", defect="engine/tests/http/test_http_patches.py::test_stock_moto_still_has_the_defects")

#: Calls of moto after which an API is looked at again, by what they do.
CHANGES = (
    "create_route", "update_route", "delete_route", "create_integration", "update_integration", "delete_integration",
    "create_authorizer", "update_authorizer", "delete_authorizer", "update_api", "delete_cors_configuration",
    "create_stage", "delete_stage",
)  # fmt: skip
_NOT_IN_MOTO = ("export_api", "get_models", "get_route_responses", "create_routing_rule")


@dataclass(frozen=True)
class HttpApiParts:
    """The parts that API Gateway's version 2 uses. Args: apis: answers requests. authorizers: have the cache."""

    apis: HttpApis
    authorizers: LambdaAuthorizers


def connect(plane: DataPlane) -> None:
    """Puts the data plane behind API Gateway's version 2."""
    authorizers = LambdaAuthorizers(calls := FunctionCalls(plane.functions, plane.permissions))
    tokens, throttles = Tokens(keys_of_pool), Throttles()

    def allow(who: Signer, arn: str) -> bool:
        try:
            require(plane.permissions, who, "execute-api:Invoke", arn)
        except AccessDenied:
            return False
        return True

    integrations = Integrations(calls, service_calls(plane.permissions), lambda url: local_url(plane.doors, url))
    apis = HttpApis(integrations, authorizers, tokens, throttles, signer_of, allow)
    plane.forgetting.extend((authorizers.clear, tokens.clear, throttles.clear))
    current.parts[HttpApiParts] = HttpApiParts(apis, authorizers)


@patches.replaces(
    "moto.apigatewayv2.responses:ApiGatewayV2Response.create_api",
    upstream="CreateApi takes Target, and answers with 201.",
)
def create_api(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    params = json.loads(response.body)
    rules.refuse_api(params)
    integration = _quick_integration(params) if params.get("target") else None
    answer = json.loads(create_api.original(response)[2])
    backend = response.apigatewayv2_backend
    account_id, region, api = backend.account_id, backend.region_name, backend.apis[answer["apiId"]]

    def respond(request: Request) -> Response:
        live = served(account_id, region, api.api_id)
        return message(404, "Not Found") if live is None else current.parts[HttpApiParts].apis.answer(live, request)

    def preflight(request: Request) -> Response | None:
        live = served(account_id, region, api.api_id)
        return None if live is None else live.preflight(request)

    api.api_endpoint = current.plane.doors.open(api.api_id, respond, preflight)
    if integration is not None:
        made = api.create_integration(**integration)
        key = params.get("routeKey") or "$default"
        api.create_route(False, [], key, f"integrations/{made.id}", authorization_type="NONE")
        api.create_stage({"stageName": "$default", "autoDeploy": True})
        deploy_by_itself(api, account_id)
    return 201, {"status": 201}, json.dumps(api.to_json())


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.delete_api", defect="data plane")
def delete_api(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api_id = response.path.split("/")[-1]
    response.apigatewayv2_backend.get_api(api_id)  # or it is not found
    current.plane.doors.close(api_id)
    delete_api.original(response)
    return 204, {"status": 204}, ""


@patches.replaces(
    "moto.apigatewayv2.responses:ApiGatewayV2Response.get_authorizers", expects="", upstream="GetAuthorizers exists."
)
def get_authorizers(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, _ = named(response)
    return 200, {}, json.dumps({"items": [each.to_json() for each in api.authorizers.values()]})


@patches.replaces("moto.apigatewayv2.responses:ApiGatewayV2Response.reset_authorizers_cache", expects="")
def reset_authorizers_cache(response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    api, _ = named(response)
    for id in api.authorizers:
        current.parts[HttpApiParts].authorizers.forget((api.api_id, id))
    return 204, {"status": 204}, ""


@patches.replaces_each("moto.apigatewayv2.responses:ApiGatewayV2Response", CHANGES, expects="self")
def _change(patch: Patch[..., TYPE_RESPONSE], response: ApiGatewayV2Response) -> TYPE_RESPONSE:
    """A call of moto with AWS's rules before it, and what is deployed brought up to date after it."""
    name = patch.name
    api, ids = named(response)
    params = json.loads(response.body) if response.body else {}
    if name in _CHECKS:
        _CHECKS[name](api, params, ids)
    if name == "create_integration" and not params.get("payloadFormatVersion"):
        response.body = json.dumps(params | {"payloadFormatVersion": "1.0"})
    _, _, body = patch.original(response)
    if name == "create_stage" and params.get("deploymentId"):
        vars(api.stages[params["stageName"]])["deployment_id"] = params["deploymentId"]
    deploy_by_itself(api, response.apigatewayv2_backend.account_id)
    if name == "create_stage":
        body = json.dumps(stage_json(api.stages[params["stageName"]]))
    status = {"create": 201, "delete": 204}.get(name.split("_")[0], 200)
    return status, {"status": status}, "" if status == 204 else body


# ---- checks before moto's calls


def _merged(kept: Authorizer | Integration | Route, params: JsonObject) -> JsonObject:
    return {k: v for k, v in (*kept.to_json().items(), *params.items()) if v is not None}


def _check_route(api: Api, params: JsonObject, ids: list[str]) -> None:
    route = api.get_route(ids[1]) if len(ids) > 1 else None
    merged = _merged(route, params) if route else params
    rules.refuse_route(merged, [each.route_key for each in api.get_routes() if each is not route])
    if target := merged.get("target"):
        if not target.startswith("integrations/"):
            raise BadRequestException(
                f"Target is {target!r}. It must be integrations/ID, with the ID of an integration."
            )
        api.get_integration(target.removeprefix("integrations/"))
    if merged.get("authorizationType") in ("JWT", "CUSTOM"):
        kind = api.get_authorizer(merged["authorizerId"]).authorizer_type
        if (kind == "JWT") != (merged["authorizationType"] == "JWT"):
            raise BadRequestException(
                f"The authorizer has the type {kind}. A JWT authorizer needs AuthorizationType JWT, a REQUEST "
                "authorizer CUSTOM."
            )


def _check_integration(api: Api, params: JsonObject, ids: list[str]) -> None:
    rules.refuse_integration(_merged(api.get_integration(ids[1]), params) if len(ids) > 1 else params)


def _check_unused_integration(api: Api, _params: JsonObject, ids: list[str]) -> None:
    api.get_integration(ids[1])
    _refuse_if_used(api, "integration", ids[1], "target", f"integrations/{ids[1]}")


def _refuse_if_used(api: Api, kind: str, id: str, attribute: str, value: str) -> None:
    if users := [route.route_key for route in api.get_routes() if getattr(route, attribute) == value]:
        raise rules.Conflict(f"Cannot delete {kind} {id} because the route {users[0]} refers to it.")


def _check_authorizer(api: Api, params: JsonObject, ids: list[str]) -> None:
    merged = _merged(api.get_authorizer(ids[1]), params) if len(ids) > 1 else params
    rules.refuse_authorizer(merged)
    issuer = (merged.get("jwtConfiguration") or {}).get("issuer") or ""
    if rules.COGNITO.fullmatch(issuer) and keys_of_pool(issuer) is None:
        raise BadRequestException(f"Invalid issuer: {issuer}. This cloud has no such user pool, so create it first.")


def _check_unused_authorizer(api: Api, _params: JsonObject, ids: list[str]) -> None:
    api.get_authorizer(ids[1])
    _refuse_if_used(api, "authorizer", ids[1], "authorizer_id", ids[1])


def _check_new_stage(api: Api, params: JsonObject, _ids: list[str]) -> None:
    rules.refuse_stage(params)
    if params["stageName"] in api.stages:
        raise rules.Conflict(f"Stage {params['stageName']} already exists")
    check_deployment(api, params, bool(params.get("autoDeploy")))


def _check_api(_api: Api, params: JsonObject, _ids: list[str]) -> None:
    if given := [name for name in ("target", "routeKey", "credentialsArn") if params.get(name)]:
        raise NotHonoured(f"{given[0][0].upper()}{given[0][1:]} in UpdateApi")
    rules.refuse_api(params)


_CHECKS: dict[str, Callable[[Api, JsonObject, list[str]], object]] = {
    "create_route": _check_route,
    "update_route": _check_route,
    "delete_route": lambda api, _params, ids: api.get_route(ids[1]),
    "create_integration": _check_integration,
    "update_integration": _check_integration,
    "delete_integration": _check_unused_integration,
    "create_authorizer": _check_authorizer,
    "update_authorizer": _check_authorizer,
    "delete_authorizer": _check_unused_authorizer,
    "create_stage": _check_new_stage,
    "delete_stage": lambda api, _params, ids: api.get_stage(ids[1]),
    "update_api": _check_api,
}


def _quick_integration(params: JsonObject) -> JsonObject:
    """The integration that CreateApi makes for a Target."""
    target, is_function = params["target"], params["target"].startswith("arn:")
    given = {
        "integrationType": "AWS_PROXY" if is_function else "HTTP_PROXY",
        "integrationUri": target,
        "integrationMethod": "POST" if is_function else "ANY",
        "payloadFormatVersion": "2.0" if is_function else "1.0",
    }
    rules.refuse_integration(given)
    rules.refuse_route({"routeKey": params.get("routeKey") or "$default"}, [])
    return {
        "connection_type": "INTERNET",
        "description": "",
        "integration_method": given["integrationMethod"],
        "integration_type": given["integrationType"],
        "integration_uri": target,
        "payload_format_version": given["payloadFormatVersion"],
        "credentials_arn": params.get("credentialsArn"),
    }


@patches.replaces_each(
    "moto.apigatewayv2.responses:ApiGatewayV2Response",
    rules.REFUSED_CALLS,
    expects={name: "" if name in _NOT_IN_MOTO else "self" for name in rules.REFUSED_CALLS},
)
def _refuse(patch: Patch[..., object], _: ApiGatewayV2Response) -> NoReturn:
    raise NotHonoured("".join(part.capitalize() for part in patch.name.split("_")))
