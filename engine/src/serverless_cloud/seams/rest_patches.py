"""Patch operations of UpdateStage and UpdateUsagePlan that moto 5.2.5 takes wrongly or passes over.

Each function does such operations itself and returns the others, for moto. Nothing of moto is replaced here.
Source: API Gateway API reference, "Patch Operations"; messages as recorded on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.apigateway.exceptions import BadRequestException, NotFoundException

from serverless_cloud.refusals import KEPT, NotHonoured

Patches = list[Mapping[str, Any]]
OPERATIONS = ("add", "remove", "move", "test", "replace", "copy")
LARGEST_TTL_S = 3600  # API Gateway Developer Guide, "Cache settings for REST APIs"
_SETTINGS = (
    "metrics/enabled", "logging/dataTrace", "logging/loglevel", "throttling/burstLimit", "throttling/rateLimit",
    "caching/ttlInSeconds", "caching/enabled", "caching/dataEncrypted", "caching/requireAuthorizationForCacheControl",
    "caching/unauthorizedCacheControlHeaderStrategy",
)  # fmt: skip
_STAGE = (
    "/deploymentId", "/description", "/cacheClusterEnabled", "/cacheClusterSize", "/clientCertificateId",
    "/accessLogSettings", "/accessLogSettings/destinationArn", "/accessLogSettings/format",
)  # fmt: skip
_OTHERS = ("/tracingEnabled", "/variables")
_STRATEGIES = ("FAIL_WITH_403", "SUCCEED_WITH_RESPONSE_HEADER", "SUCCEED_WITHOUT_RESPONSE_HEADER")


def stage_operations(stage: Any, api: Any, patches: Patches) -> Patches:
    """Checks the patches of a stage; those of method settings and variables that moto cannot do are done here.

    Raises:
        BadRequestException: a path or a value that AWS does not take either.
        NotHonoured: canaries and client certificates.
    """
    left: Patches = []
    for patch in patches:
        op, path, value = str(patch.get("op")), str(patch.get("path")), patch.get("value")
        parts = path.split("/", 3)
        if op not in OPERATIONS:
            raise BadRequestException(f"Invalid patch operation specified: {op}. Must be 'add'|'remove'|'replace'")
        if path.startswith("/canarySettings") or path.startswith("/clientCertificateId") or op in ("copy", "move"):
            raise NotHonoured(f"{op} {path} in update_stage", KEPT)
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


def _forget_setting(stage: Any, key: str, path: str) -> None:
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
    if name.endswith("HeaderStrategy") and value not in _STRATEGIES:
        raise BadRequestException(f"Invalid value specified for {name}: {value}. Must be one of {list(_STRATEGIES)}")


def usage_plan_operations(plan: Any, apis: Mapping[str, Any], patches: Patches) -> Patches:
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
        else:
            left.append(patch)
    return left


def _check_stage(plan: Any, apis: Mapping[str, Any], op: str, value: str) -> None:
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


def _method_throttle(plan: Any, op: str, name: str, value: Any) -> None:
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


def _number(name: str, value: Any) -> float:
    """rateLimit is any number, all others are whole ones."""
    try:
        return float(str(value)) if name == "rateLimit" else int(str(value))
    except ValueError:
        raise BadRequestException(f"Invalid value specified for {name}: {value}, a number") from None
