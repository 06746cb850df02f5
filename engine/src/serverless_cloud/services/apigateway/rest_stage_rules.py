"""Settings of stages and usage plans that API Gateway refuses or keeps, unlike moto.

Checks come first, then moto's own, then what moto drops is kept. moto writes a throttle of 1,000 a second into a stage
where caching is set; its stages have no dates, and no state of the cache before one was asked for.

Patch operations of UpdateStage and UpdateUsagePlan that moto takes wrongly or passes over are done here, and the others
by moto. Source: API Gateway API reference, "Patch Operations"; messages as recorded on AWS.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping

from moto.apigateway import models
from moto.apigateway.exceptions import BadRequestException, NotFoundException
from moto.apigateway.models import RestAPI, Stage, UsagePlan
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.http.throttle import ACCOUNT_BURST, ACCOUNT_RATE_PER_S
from serverless_cloud.services.apigateway.rest_rules import (
    LARGEST_TTL_S,
    NotFound,
    given_to,
    invalid_patch,
    refuse_settings,
)

patches = Service("apigateway", defect="engine/tests/http/test_rest_patches.py::test_stock_moto_still_has_the_defects")

Patches = list[JsonObject]
_SETTINGS = (
    "metrics/enabled", "logging/dataTrace", "logging/loglevel", "throttling/burstLimit", "throttling/rateLimit",
    "caching/ttlInSeconds", "caching/enabled", "caching/dataEncrypted", "caching/requireAuthorizationForCacheControl",
    "caching/unauthorizedCacheControlHeaderStrategy",
)  # fmt: skip
_STAGE = (
    "/deploymentId", "/description", "/cacheClusterEnabled", "/cacheClusterSize", "/clientCertificateId",
    "/accessLogSettings", "/accessLogSettings/destinationArn", "/accessLogSettings/format",
)  # fmt: skip
_PLAN = ("name", "description", "productCode", "throttle", "quota", "apiStages")
_OTHERS = ("/tracingEnabled", "/variables")
_CHOICES = {
    "caching/unauthorizedCacheControlHeaderStrategy": (
        "FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER",
    ),
    "logging/loglevel": ("OFF", "ERROR", "INFO"),
}  # fmt: skip


@patches.replaces(
    "moto.apigateway.models:Stage.__init__",
    expects=(
        "self, name=None, deployment_id=None, variables=None, description='', cacheClusterEnabled=False, "
        "cacheClusterSize=None, tags=None, tracing_enabled=None"
    ),
)
def init_stage(stage: models.Stage, *args: object, **more: object) -> None:
    init_stage.original(stage, *args, **more)
    vars(stage).update(dict.fromkeys(("created_s", "last_updated_s"), int(time.time())))


@patches.replaces("moto.apigateway.models:Stage._get_default_method_settings")
def _get_default_method_settings(stage: models.Stage) -> JsonObject:
    account = {"throttlingRateLimit": ACCOUNT_RATE_PER_S, "throttlingBurstLimit": int(ACCOUNT_BURST)}
    return {**_get_default_method_settings.original(stage), **account}


@patches.replaces("moto.apigateway.models:Stage.to_json")
def to_json(stage: models.Stage) -> JsonObject:
    shown = to_json.original(stage)
    fields: JsonObject = {"cacheClusterStatus": "NOT_AVAILABLE", "tracingEnabled": False, **shown}
    for name in ("description", "variables"):
        if not fields[name]:
            del fields[name]
    return fields | {"createdDate": vars(stage)["created_s"], "lastUpdatedDate": vars(stage)["last_updated_s"]}


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_deployment")
def create_deployment(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Each method needs an integration; keeps what is said of the stage."""
    given = given_to(response)
    refuse_settings(given, "create_deployment", ("canarySettings",))
    if given.get("stageName"):
        _check_name(str(given["stageName"]))
    methods = [
        method
        for resource in response.backend.get_resources(response.path.split("/")[2])
        for method in resource.resource_methods.values()
    ]
    if methods and not all(method.method_integration for method in methods):
        raise BadRequestException("No integration defined for method")
    answer, stage_name = create_deployment.original(response), given.get("stageName")
    if stage_name:
        stage = response.backend.get_stage(response.path.split("/")[2], stage_name)
        vars(stage)["last_updated_s"] = int(time.time())
        stage.description = given.get("stageDescription") or stage.description
        if given.get("cacheClusterEnabled") is not None:
            stage.cache_cluster_enabled = bool(given["cacheClusterEnabled"])
            stage.cache_cluster_status = "AVAILABLE" if stage.cache_cluster_enabled else "NOT_AVAILABLE"
            stage.cache_cluster_size = str(given.get("cacheClusterSize") or "0.5")
        if given.get("tracingEnabled") is not None:
            stage.tracing_enabled = bool(given["tracingEnabled"])
    return answer


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_stage")
def create_stage(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The deployment must be there."""
    given, api = given_to(response), response.backend.get_rest_api(response.path.split("/")[2])
    refuse_settings(given, "create_stage", ("canarySettings",))
    if given.get("deploymentId") not in api.deployments:
        raise BadRequestException("Deployment id does not exist")
    _check_name(str(given.get("stageName")))
    return create_stage.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_stage")
def update_stage(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Patches as AWS knows them: others are refused, where moto passes them over."""
    _, _, api_id, _, stage_name = response.path.split("/")[:5]
    stage = response.backend.get_stage(api_id, stage_name)
    vars(stage)["last_updated_s"] = int(time.time())
    patches = given_to(response).get("patchOperations") or []
    response.body = json.dumps(
        {"patchOperations": stage_operations(stage, response.backend.get_rest_api(api_id), patches)}
    )
    return update_stage.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_usage_plan")
def create_usage_plan(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The stages must be there."""
    for each in given_to(response).get("apiStages") or []:
        api = response.backend.apis.get(each.get("apiId"))
        if api is None or each.get("stage") not in api.stages:
            raise NotFound(
                f"Invalid API Stage {{api: {each.get('apiId')}, stage: {each.get('stage')}}} specified for "
                "usageplan null"
            )
    return create_usage_plan.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_usage_plan")
def update_usage_plan(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Numbers stay numbers, and stages must be there."""
    plan = response.backend.get_usage_plan(response.path.split("/")[2])
    patches = given_to(response).get("patchOperations") or []
    response.body = json.dumps({"patchOperations": usage_plan_operations(plan, response.backend.apis, patches)})
    return update_usage_plan.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_usage_plan_key")
def create_usage_plan_key(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The plan must be there."""
    response.backend.get_usage_plan(response.path.split("/")[2])
    return create_usage_plan_key.original(response)


def _check_name(stage_name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", stage_name):
        raise BadRequestException("Stage name only allows a-zA-Z0-9_-")


# ---- patch operations: each function does some, and returns the others for moto


def stage_operations(stage: Stage, api: RestAPI, patches: Patches) -> Patches:
    """Checks the patches of a stage, and applies patches of method settings and variables that moto can't.

    Raises:
        BadRequestException: a path or a value that AWS does not take either.
        NotHonoured: canaries and client certificates.
    """
    left: Patches = []
    for patch in patches:
        op, path, value = str(patch.get("op")), str(patch.get("path")), patch.get("value")
        parts = path.split("/", 3)
        if path.startswith("/canarySettings") or path.startswith("/clientCertificateId") or op in ("copy", "move"):
            raise NotHonoured(f"{op} {path} in update_stage")
        if path == "/deploymentId" and value not in api.deployments:
            raise BadRequestException("Deployment id does not exist")
        if path.startswith("/variables/"):
            left.append({**patch, "op": "replace" if op == "add" else op})
        elif len(parts) == 4 and parts[3] in _SETTINGS:
            if op == "remove":
                _forget_setting(stage, "/".join(parts[1:3]), path)
                continue
            _check_setting(parts[3], str(value))
            left.append({**patch, "op": "replace"})
        elif op == "remove" and len(parts) == 3 and "/".join(parts[1:]) in stage.method_settings:
            del stage.method_settings["/".join(parts[1:])]
        elif path in _STAGE + _OTHERS:
            left.append(patch)
        else:
            allowed = [*_STAGE, *("/{resourcePath}/{httpMethod}/" + each for each in _SETTINGS)]
            raise BadRequestException(f"Invalid method setting path: {path}. Must be one of: [{', '.join(allowed)}]")
    return left


def _forget_setting(stage: Stage, key: str, path: str) -> None:
    if key not in stage.method_settings:
        name = path.removeprefix("/")
        raise BadRequestException(
            f"Cannot remove method setting {name} because there is no method setting for this method "
        )
    stage.method_settings[key].pop(stage._method_settings_translations(path.split("/", 3)[3]), None)


def _check_setting(name: str, value: str) -> None:
    try:
        if name == "throttling/rateLimit":
            float(value)
        elif name == "throttling/burstLimit":
            int(value)
        elif name == "caching/ttlInSeconds" and not 0 <= int(value) <= LARGEST_TTL_S:
            raise ValueError
    except ValueError:
        extra = f", a number from 0 to {LARGEST_TTL_S}" if name.endswith("ttlInSeconds") else ", a number"
        raise BadRequestException(f"Invalid value specified for {name}: {value}{extra}") from None
    allowed = _CHOICES.get(name)
    if allowed and value not in allowed:
        raise BadRequestException(f"Invalid value specified for {name}: {value}. Must be one of {list(allowed)}")


def usage_plan_operations(plan: UsagePlan, apis: Mapping[str, RestAPI], patches: Patches) -> Patches:
    """Does the patches of numbers and of throttles of one method; returns the others.

    Raises:
        BadRequestException, NotFoundException: a stage that is none.
    """
    left: Patches = []
    for patch in patches:
        op, path, value = str(patch.get("op")), str(patch.get("path")), patch.get("value")
        first, _, name = path.lstrip("/").partition("/")
        if first in ("throttle", "quota") and name and op != "remove":
            target = plan.throttle if first == "throttle" else plan.quota
            target[name] = value if name == "period" else _number(name, value)
        elif first == "apiStages" and name:
            _method_throttle(plan, op, name, value)
        elif path == "/apiStages":
            _check_stage(plan, apis, op, str(value or ""))
            left.append(patch)
        elif first in _PLAN:
            left.append(patch)
        else:
            raise invalid_patch(path, op, [f"/{each}" for each in _PLAN])
    return left


def _check_stage(plan: UsagePlan, apis: Mapping[str, RestAPI], op: str, value: str) -> None:
    api_id, colon, stage = value.partition(":")
    if not colon or not api_id or not stage:
        raise BadRequestException("Invalid API Stage specified")
    of_plan = [(each["apiId"], each["stage"]) for each in plan.api_stages]
    known = api_id in apis and stage in apis[api_id].stages if op == "add" else (api_id, stage) in of_plan
    if not known:
        error = NotFoundException(
            f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan.id}"
        )
        error.code = 404
        raise error


def _method_throttle(plan: UsagePlan, op: str, name: str, value: object) -> None:
    """/apiStages/API:STAGE/throttle/~1orders/GET/rateLimit."""
    parts = name.split("/")
    found = [each for each in plan.api_stages if f"{each['apiId']}:{each['stage']}" == parts[0]]
    if not found or parts[1:2] != ["throttle"]:
        raise BadRequestException("Invalid API Stage specified")
    throttle = found[0].setdefault("throttle", {})
    if op == "remove":
        key = "/".join(parts[2:4]).replace("~1", "/").replace("~0", "~")
        throttle.pop(key, None) if key else throttle.clear()
        return
    if len(parts) != 5 or parts[4] not in ("rateLimit", "burstLimit"):
        raise BadRequestException(f"Invalid patch path /apiStages/{name}")
    key = f"{parts[2]}/{parts[3]}".replace("~1", "/").replace("~0", "~")
    throttle.setdefault(key, {})[parts[4]] = _number(parts[4], value)


def _number(name: str, value: object) -> float:
    """rateLimit is any number, all others are whole ones."""
    try:
        return float(str(value)) if name == "rateLimit" else int(str(value))
    except ValueError:
        raise BadRequestException(f"Invalid value specified for {name}: {value}, a number") from None
