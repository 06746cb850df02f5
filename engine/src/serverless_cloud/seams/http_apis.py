"""Seam: HTTP APIs answer (moto 5.2.5).

moto keeps APIs, and serves none. Replaced here, in `ApiGatewayV2Response`: the calls that make or change an API, its
routes, integrations, authorizers and stages. Each checks first (http_api_rules.py), then moto keeps it, then what is
deployed follows. `Api.api_endpoint` is the address of a door on this machine. Added, for moto has not got them: quick
create (Target), GetAuthorizers, ResetAuthorizersCache; see http_api_stages.py for more.

Worth an upstream change: UpdateStage, deployments, GetAuthorizers, Target of CreateApi; 201 as the status of CreateApi.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.apigatewayv2.exceptions import BadRequestException
from moto.apigatewayv2.responses import ApiGatewayV2Response

from serverless_cloud.errors import AccessDenied
from serverless_cloud.http.authorizers import LambdaAuthorizers
from serverless_cloud.http.calls import FunctionCalls
from serverless_cloud.http.front import Request, Response, local_url, message
from serverless_cloud.http.http_api import HttpApis
from serverless_cloud.http.http_api_integrations import Integrations
from serverless_cloud.http.jwt_authorizer import Tokens
from serverless_cloud.http.sigv4 import Signer
from serverless_cloud.http.throttle import Throttles
from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import NotHonoured
from serverless_cloud.seams import http_api_import, http_api_rules as rules, http_api_stages
from serverless_cloud.seams.http_api_live import deploy_by_itself, served
from serverless_cloud.seams.http_api_services import ACCOUNT_ID, keys_of_pool, service_calls
from serverless_cloud.seams.http_api_stages import API, STAGE, add_path, check_deployment, named, stage_json
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.signers import require, signer_of

#: Calls of moto after which an API is looked at again, by what they do.
CHANGES = (
    "create_route", "update_route", "delete_route", "create_integration", "update_integration", "delete_integration",
    "create_authorizer", "update_authorizer", "delete_authorizer", "update_api", "delete_cors_configuration",
    "create_stage", "delete_stage",
)  # fmt: skip


def install(plane: DataPlane) -> None:
    """Puts the data plane behind API Gateway's version 2."""
    authorizers = LambdaAuthorizers(calls := FunctionCalls(plane.functions, plane.permissions))
    tokens, throttles = Tokens(keys_of_pool), Throttles()

    def signer(access_key: str) -> Signer | None:
        return signer_of(ACCOUNT_ID, access_key)

    def allow(who: Signer, arn: str) -> bool:
        try:
            require(plane.permissions, who, "execute-api:Invoke", arn)
        except AccessDenied:
            return False
        return True

    integrations = Integrations(calls, service_calls(plane.permissions), lambda url: local_url(plane.doors, url))
    apis = HttpApis(integrations, authorizers, tokens, throttles, signer, allow)
    plane.forgetting.extend((authorizers.clear, tokens.clear, throttles.clear))
    _Calls.install(plane=plane, apis=apis, authorizers=authorizers)
    for name in CHANGES:
        setattr(ApiGatewayV2Response, name, _checked(name, getattr(ApiGatewayV2Response, name)))
    for name in rules.REFUSED_CALLS:
        setattr(ApiGatewayV2Response, name, _refusing(name))
    http_api_stages.install()
    http_api_import.install()
    add_path(STAGE + r"/cache/authorizers$")
    add_path(API + r"/exports/(?P<specification>[^/]+)$")


class _Calls(Replacement, of=ApiGatewayV2Response):
    plane: DataPlane
    apis: HttpApis
    authorizers: LambdaAuthorizers

    def create_api(self: Any) -> Any:
        params = json.loads(self.body)
        rules.refuse_api(params)
        integration = _quick_integration(params) if params.get("target") else None
        answer = json.loads(_Calls.moto.create_api(self)[2])
        backend = self.apigatewayv2_backend
        account_id, region, api = backend.account_id, backend.region_name, backend.apis[answer["apiId"]]

        def respond(request: Request) -> Response:
            live = served(account_id, region, api.api_id)
            return message(404, "Not Found") if live is None else _Calls.apis.answer(live, request)

        def preflight(request: Request) -> Response | None:
            live = served(account_id, region, api.api_id)
            return None if live is None else live.preflight(request)

        api.api_endpoint = _Calls.plane.doors.open(api.api_id, respond, preflight)
        if integration is not None:
            made = api.create_integration(**integration)
            key = params.get("routeKey") or "$default"
            api.create_route(False, [], key, f"integrations/{made.id}", authorization_type="NONE")
            api.create_stage({"stageName": "$default", "autoDeploy": True})
            deploy_by_itself(api, account_id)
        return 201, {"status": 201}, json.dumps(api.to_json())

    def delete_api(self: Any) -> Any:
        api_id = self.path.split("/")[-1]
        self.apigatewayv2_backend.get_api(api_id)  # or it is not found
        _Calls.plane.doors.close(api_id)
        _Calls.moto.delete_api(self)
        return 204, {"status": 204}, ""

    def get_authorizers(self: Any) -> Any:
        api, _ = named(self)
        return 200, {}, json.dumps({"items": [each.to_json() for each in api.authorizers.values()]})

    def reset_authorizers_cache(self: Any) -> Any:
        api, _ = named(self)
        for id in api.authorizers:
            _Calls.authorizers.forget((api.api_id, id))
        return 204, {"status": 204}, ""


def _checked(name: str, moto: Callable[..., Any]) -> Callable[..., Any]:
    """A call of moto with AWS's rules before it, and what is deployed brought up to date after it."""

    def call(self: Any) -> Any:
        api, ids = named(self)
        params = json.loads(self.body) if self.body else {}
        if name in _CHECKS:
            _CHECKS[name](api, params, ids)
        if name == "create_integration" and not params.get("payloadFormatVersion"):
            self.body = json.dumps(params | {"payloadFormatVersion": "1.0"})
        _, _, body = moto(self)
        if name == "create_stage" and params.get("deploymentId"):
            api.stages[params["stageName"]].deployment_id = params["deploymentId"]
        deploy_by_itself(api, self.apigatewayv2_backend.account_id)
        if name == "create_stage":
            body = json.dumps(stage_json(api.stages[params["stageName"]]))
        status = {"create": 201, "delete": 204}.get(name.split("_")[0], 200)
        return status, {"status": status}, "" if status == 204 else body

    return call


# ---- checks before moto's calls


def _merged(kept: Any, params: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in (*kept.to_json().items(), *params.items()) if v is not None}


def _check_route(api: Any, params: dict[str, Any], ids: list[str]) -> None:
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


def _check_integration(api: Any, params: dict[str, Any], ids: list[str]) -> None:
    rules.refuse_integration(_merged(api.get_integration(ids[1]), params) if len(ids) > 1 else params)


def _check_unused_integration(api: Any, _params: dict[str, Any], ids: list[str]) -> None:
    api.get_integration(ids[1])
    _refuse_if_used(api, "integration", ids[1], "target", f"integrations/{ids[1]}")


def _refuse_if_used(api: Any, kind: str, id: str, attribute: str, value: str) -> None:
    if users := [route.route_key for route in api.get_routes() if getattr(route, attribute) == value]:
        raise rules.Conflict(f"Cannot delete {kind} {id} because the route {users[0]} refers to it.")


def _check_authorizer(api: Any, params: dict[str, Any], ids: list[str]) -> None:
    merged = _merged(api.get_authorizer(ids[1]), params) if len(ids) > 1 else params
    rules.refuse_authorizer(merged)
    issuer = (merged.get("jwtConfiguration") or {}).get("issuer") or ""
    if rules.COGNITO.fullmatch(issuer) and keys_of_pool(issuer) is None:
        raise BadRequestException(f"Invalid issuer: {issuer}. This cloud has no such user pool, so create it first.")


def _check_unused_authorizer(api: Any, _params: dict[str, Any], ids: list[str]) -> None:
    api.get_authorizer(ids[1])
    _refuse_if_used(api, "authorizer", ids[1], "authorizer_id", ids[1])


def _check_new_stage(api: Any, params: dict[str, Any], _ids: list[str]) -> None:
    rules.refuse_stage(params)
    if params["stageName"] in api.stages:
        raise rules.Conflict(f"Stage {params['stageName']} already exists")
    check_deployment(api, params, bool(params.get("autoDeploy")))


def _check_api(_api: Any, params: dict[str, Any], _ids: list[str]) -> None:
    if given := [name for name in ("target", "routeKey", "credentialsArn") if params.get(name)]:
        raise NotHonoured(f"{given[0][0].upper()}{given[0][1:]} in UpdateApi")
    rules.refuse_api(params)


_CHECKS: dict[str, Callable[[Any, dict[str, Any], list[str]], None]] = {
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


def _quick_integration(params: dict[str, Any]) -> dict[str, Any]:
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


def _refusing(name: str) -> Callable[..., Any]:
    def call(self: Any) -> Any:
        del self
        raise NotHonoured("".join(part.capitalize() for part in name.split("_")))

    return call
