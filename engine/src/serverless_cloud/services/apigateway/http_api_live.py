"""HTTP APIs as they answer: made from what moto keeps (moto 5.2.5). Nothing of moto is replaced.

Deployed parts hang on moto's own objects, so they go with them.
"""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from moto.apigatewayv2 import models
from moto.apigatewayv2.models import Api

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.http.authorizers import LambdaAuthorizer
from serverless_cloud.http.cors import cors_of
from serverless_cloud.http.http_api.model import (
    Deployment,
    HttpApi,
    Integration,
    JwtAuthorizer,
    Route,
    Stage,
    deployment,
)
from serverless_cloud.http.throttle import ACCOUNT_BURST, ACCOUNT_RATE_PER_S, Limit
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.services.apigateway.http_api_rules import FUNCTION

_AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


def deployments(api: Api) -> dict[str, tuple[Deployment, JsonObject]]:
    """The deployments of an API by id, each with the API's answer."""
    found: dict[str, tuple[Deployment, JsonObject]] = vars(api).setdefault("deployments_made", {})
    return found


def deploy(api: Api, account_id: str, description: str | None = None, *, auto: bool = False) -> str:
    """Deploys an API as it is now; the deployment's id."""
    id = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(6))  # as API Gateway's ids
    shown = {
        "autoDeployed": auto,
        "createdDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "deploymentId": id,
        "deploymentStatus": "DEPLOYED",
        "description": _AUTOMATIC if auto else description or None,
    }
    deployments(api)[id] = _deployment(api, account_id, id), shown
    return id


def deploy_by_itself(api: Api, account_id: str) -> None:
    """After a change: deploys to the stages with AutoDeploy."""
    stages = [stage for stage in api.stages.values() if stage.auto_deploy]
    if stages:
        before: set[str] = {vars(stage).get("deployment_id", "") for stage in stages}
        id = deploy(api, account_id, auto=True)
        for stage in stages:
            vars(stage)["deployment_id"] = id
        in_use = {vars(stage).get("deployment_id") for stage in api.stages.values()}
        for old in before - in_use:  # else a long life of changes would fill the memory
            if old in deployments(api) and deployments(api)[old][1]["autoDeployed"]:
                del deployments(api)[old]
    touch(api)


def touch(api: Api) -> None:
    """Something of an API has changed: it is looked at again before it answers."""
    vars(api)["changes"] = vars(api).get("changes", 0) + 1


def served(account_id: str, region: str, api_id: str) -> HttpApi | None:
    """An API as it answers now; None if there is none."""
    api = models.apigatewayv2_backends[account_id][region].apis.get(api_id)
    if api is None:
        return None
    changes = vars(api).get("changes", 0)
    known: tuple[int, HttpApi] | None = vars(api).get("served")
    if known is None or known[0] != changes:
        stages = {stage.name: _stage(api, stage) for stage in list(api.stages.values())}
        known = changes, HttpApi(api_id, account_id, region, stages, bool(api.disable_execute_api_endpoint))
        vars(api)["served"] = known
    return known[1]


def _stage(api: Api, stage: models.Stage) -> Stage:
    found = deployments(api).get(vars(stage).get("deployment_id", ""))
    where = (api.api_id, stage.name)
    own = {key: _limit(("http-route", *where, key), each) for key, each in (stage.route_settings or {}).items()}
    return Stage(
        name=stage.name,
        deployment=found[0] if found else None,
        variables=dict(stage.stage_variables or {}),
        limits={key: limit for key, limit in own.items() if limit is not None},
        limit=_limit(("http-stage", *where), stage.default_route_settings or {}),
    )


def _limit(key: tuple[str, ...], settings: JsonObject) -> Limit | None:
    """A stage or a route that sets only one of the two has the account's other one."""
    rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
    if rate is None and burst is None:
        return None
    return Limit(
        key, ACCOUNT_RATE_PER_S if rate is None else float(rate), ACCOUNT_BURST if burst is None else float(burst)
    )


def _deployment(api: Api, account_id: str, id: str) -> Deployment:
    routes = [_route(api, account_id, route) for route in list(api.routes.values())]
    cors: Any = api.cors_configuration  # moto says it is a text
    return deployment(routes, cors_of(cors), id)


def _route(api: Api, account_id: str, route: models.Route) -> Route:
    target = api.integrations.get((route.target or "").removeprefix("integrations/"))
    authorizer: JwtAuthorizer | LambdaAuthorizer | str | None = None
    if route.authorization_type in ("JWT", "CUSTOM"):
        authorizer = _authorizer(api, account_id, api.authorizers[str(route.authorizer_id)])
    elif route.authorization_type == "AWS_IAM":
        authorizer = "AWS_IAM"
    return Route(
        key=route.route_key,
        integration=_integration(target) if target is not None else None,
        authorizer=authorizer,
        scopes=tuple(route.authorization_scopes or ()),
    )


def _integration(given: models.Integration) -> Integration:
    uri = given.integration_uri or ""
    function = FUNCTION.fullmatch(uri)
    is_function = given.integration_type == "AWS_PROXY" and not given.integration_subtype
    return Integration(
        kind=given.integration_type,
        uri=function[1] if is_function and function else uri,
        subtype=given.integration_subtype or "",
        method=given.integration_method or "ANY",
        format=given.payload_format_version or "1.0",
        timeout_s=int(given.timeout_in_millis or 30_000) / 1000,
        request_parameters=dict(given.request_parameters or {}),
        response_parameters={status: dict(each) for status, each in (given.response_parameters or {}).items()},
        role_arn=given.credentials_arn or "",
    )


def _authorizer(api: Api, account_id: str, given: models.Authorizer) -> JwtAuthorizer | LambdaAuthorizer:
    sources = tuple(given.identity_source or ())
    if given.authorizer_type == "JWT":
        jwt: Any = given.jwt_config  # moto says it is a text
        return JwtAuthorizer(jwt["issuer"], tuple(jwt["audience"]), sources[0])
    region = api.backend.region_name
    function = FUNCTION.fullmatch(given.authorizer_uri)
    assert function is not None
    arn = f"arn:aws:execute-api:{region}:{account_id}:{api.api_id}/authorizers/{given.id}"
    return LambdaAuthorizer(
        key=(api.api_id, given.id),
        function_arn=function[1],
        caller=None if given.auth_creds_arn else Caller("apigateway.amazonaws.com", arn, account_id),
        sources=sources,
        ttl_s=float(given.auth_result_ttl or 0),
        format=given.auth_payload_format_version,
        is_simple=bool(given.enable_simple_response),
        role_arn=given.auth_creds_arn or "",
    )
