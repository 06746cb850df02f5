"""Operations of REST APIs that moto lacks.

The operations that the local cloud doesn't have either, for which moto would answer with a page of HTML, are refused by
name; so are domain names and VPC links, which moto keeps and nothing here uses, and GetExport, whose document lacks all
but paths and methods.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import NoReturn

from moto.apigateway.exceptions import BadRequestException, NotFoundException
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.services.apigateway.rest_apis import RestParts
from serverless_cloud.services.apigateway.rest_methods import check_authorization, check_models, check_validator
from serverless_cloud.services.apigateway.rest_rules import invalid_patch

patches = Service(
    "apigateway", defect="engine/tests/http/test_rest_patches.py::test_moto_lacks_the_operations_that_a_patch_adds"
)

_API = "{0}/restapis/(?P<function_id>[^/]+)"
_STAGE = _API + "/stages/(?P<stage_name>[^/]+)"
_TAGS = "{0}/tags/arn:(?P<partition>[^/]+):apigateway:(?P<region_name>[^/]+)::"
_METHOD_PATH = _API + "/resources/(?P<resource_id>[^/]+)/methods/(?P<method_name>[^/]+)"
#: Paths that moto does not know, in its own form.
PATHS = (
    _STAGE + "/cache/data$",
    _STAGE + "/cache/authorizers$",
    _STAGE + "/sdks/(?P<sdk_type>[^/]+)$",
    "{0}/usageplans/(?P<usage_plan_id>[^/]+)/usage$",
    "{0}/usageplans/(?P<usage_plan_id>[^/]+)/keys/(?P<key_id>[^/]+)/usage$",
    "{0}/sdktypes$",
    "{0}/clientcertificates$",
    _TAGS + "/restapis/(?P<function_id>[^/]+)$",
    _TAGS + "/apikeys/(?P<key_id>[^/]+)$",
    _TAGS + "/usageplans/(?P<usage_plan_id>[^/]+)$",
    _METHOD_PATH + "/responses/(?P<status_code>[^/]*[^/0-9][^/]*)$",
    _METHOD_PATH + "/integration/responses/(?P<status_code>[^/]*[^/0-9][^/]*)$",
    _API + "/documentation/parts$",
    _API + "/documentation/parts/(?P<part_id>[^/]+)$",
    _API + "/documentation/versions$",
    _API + "/models/(?P<model_name>[^/]+)/default_template$",
)
REFUSED = (
    "create_documentation_part", "create_documentation_version", "create_domain_name", "create_vpc_link",
    "delete_documentation_part", "delete_gateway_response", "generate_client_certificate", "get_client_certificates",
    "get_documentation_part", "get_documentation_parts", "get_documentation_versions", "get_export",
    "get_model_template", "get_sdk", "get_sdk_types", "import_api_keys", "import_documentation_parts",
    "put_gateway_response", "test_invoke_authorizer", "test_invoke_method", "update_documentation_part",
    "update_gateway_response", "update_usage",
)  # fmt: skip


IN_MOTO = (
    "create_domain_name", "create_vpc_link", "delete_gateway_response", "get_export", "put_gateway_response"
)  # fmt: skip

patches.adds(
    "moto.apigateway.urls:url_paths", dict.fromkeys(PATHS, "moto.apigateway.responses:APIGatewayResponse.dispatch")
)


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    REFUSED,
    expects={name: "self" if name in IN_MOTO else "" for name in REFUSED},
)
def _refuse(patch: Patch[..., object], _: APIGatewayResponse) -> NoReturn:
    raise NotHonoured(patch.name)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_vpc_link", expects="")
def update_vpc_link(response: APIGatewayResponse) -> NoReturn:
    response.backend.get_vpc_link(response.path.split("/")[2])  # none can be there
    raise NotHonoured("update_vpc_link")


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_domain_name", expects="")
def update_domain_name(response: APIGatewayResponse) -> NoReturn:
    response.backend.get_domain_name(response.path.split("/")[2])  # none can be there
    raise NotHonoured("update_domain_name")


Values = dict[str, tuple[str, Callable[[str], object]]]
#: Patch paths of UpdateMethod and UpdateIntegration: moto's attribute, and how the value is read.
_METHOD: Values = {
    "apiKeyRequired": ("api_key_required", lambda value: value.lower() == "true"),
    "authorizationType": ("authorization_type", str),
    "authorizerId": ("authorizer_id", str),
    "operationName": ("operation_name", str),
    "requestValidatorId": ("request_validator_id", str),
}
_METHOD_MAPS = {"requestParameters": "request_parameters", "requestModels": "request_models"}
_INTEGRATION: Values = {
    "uri": ("uri", str),
    "httpMethod": ("http_method", str),
    "timeoutInMillis": ("timeout_in_millis", int),
    "passthroughBehavior": ("passthrough_behaviour", str),
    "credentials": ("credentials", str),
    "contentHandling": ("content_handling", str),
    "cacheNamespace": ("cache_namespace", str),
}
_INTEGRATION_MAPS = {"requestParameters": "request_parameters", "requestTemplates": "request_templates"}


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.flush_stage_cache", expects="")
def flush_stage_cache(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _, _, api_id, _, stage, *_ = response.path.split("/")
    response.backend.get_stage(api_id, stage)
    current.parts[RestParts].gateway.cache.flush(api_id, stage)
    return 202, {"status": 202}, "{}"


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.flush_stage_authorizers_cache", expects="")
def flush_stage_authorizers_cache(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _, _, api_id, _, stage, *_ = response.path.split("/")
    response.backend.get_stage(api_id, stage)
    for authorizer_id in response.backend.get_rest_api(api_id).authorizers:
        current.parts[RestParts].authorizers.forget((api_id, stage, authorizer_id))
    return 202, {"status": 202}, "{}"


def _date(response: APIGatewayResponse, name: str) -> str:
    text = str(response._get_param(name))
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadRequestException(f"Invalid {name} '{text}'. Use a date such as 2026-11-29.") from None


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_usage", expects="")
def get_usage(response: APIGatewayResponse) -> str:
    plan = response.backend.get_usage_plan(response.path.split("/")[2])
    start, end = _date(response, "startDate"), _date(response, "endDate")
    wanted = response._get_param("keyId")
    keys = [key.id for key in response.backend.get_usage_plan_keys(plan.id) if wanted in (None, key.id)]
    items = current.parts[RestParts].gateway.quotas.usage(plan.id, plan.quota or {}, keys, start, end)
    return json.dumps({"usagePlanId": plan.id, "startDate": start, "endDate": end, "values": items})


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_method", expects="")
def update_method(response: APIGatewayResponse) -> str:
    _, _, api_id, _, resource_id, _, name = response.path.split("/")[:7]
    api, method = response.backend.get_rest_api(api_id), response.backend.get_method(api_id, resource_id, name)
    changed, patches = copy.copy(method), json.loads(response.body or "{}").get("patchOperations") or []
    for patch in patches:
        if patch["path"].startswith("/requestParameters/"):
            patch = {**patch, "value": str(patch.get("value")).lower() == "true"}
        apply_patch(changed, patch, _METHOD, _METHOD_MAPS, {"authorizationScopes": "authorization_scopes"})
    touched = {patch["path"].split("/")[1] for patch in patches}
    if touched & {"authorizationType", "authorizerId"}:
        changed.authorization_type = str(changed.authorization_type).upper()
        check_authorization(api, changed.authorization_type, changed.authorizer_id)
    if "requestValidatorId" in touched:
        check_validator(api, changed.request_validator_id)
    if "requestModels" in touched:
        check_models(api, changed.request_models)
    vars(method).update(vars(changed))
    return json.dumps(method.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_integration", expects="")
def update_integration(response: APIGatewayResponse) -> str:
    _, _, api_id, _, resource_id, _, name = response.path.split("/")[:7]
    integration = response.backend.get_method(api_id, resource_id, name).method_integration
    if integration is None:
        raise NotFoundException("Invalid Integration identifier specified")
    for patch in json.loads(response.body or "{}").get("patchOperations") or []:
        if patch["path"] == "/timeoutInMillis" and not 50 <= int(patch["value"]) <= 29_000:
            raise BadRequestException("Timeout should be between 50 ms and 29000 ms")
        apply_patch(integration, patch, _INTEGRATION, _INTEGRATION_MAPS, {"cacheKeyParameters": "cache_key_parameters"})
    return json.dumps(integration.to_json())


def apply_patch(thing: object, patch: JsonObject, values: Values, maps: dict[str, str], lists: dict[str, str]) -> None:
    """Changes an object of moto as a patch says.

    Args:
        values: what can be replaced, by the first part of the path: the attribute, and what reads the value.
        maps, lists: the attributes of what can be added to and removed from.

    Raises:
        BadRequestException: the operation can't change this path.
    """
    path, op, value = str(patch["path"]), patch.get("op"), patch.get("value")
    _, first, *rest = path.split("/", 2) if path.startswith("/") else ("", "")
    name = (rest[0] if rest else "").replace("~1", "/").replace("~0", "~")
    if first in values and not rest and op == "replace":
        attribute, read = values[first]
        setattr(thing, attribute, read("" if value is None else str(value)))
    elif first in maps and rest and op in ("add", "remove", "replace"):
        found = {**(getattr(thing, maps[first]) or {}), name: value}
        if op == "remove":
            del found[name]
        setattr(thing, maps[first], found)
    elif first in lists and (name or value) and op in ("add", "remove"):
        kept = [each for each in getattr(thing, lists[first]) or [] if each != (name or value)]
        setattr(thing, lists[first], kept if op == "remove" else [*kept, name or value])
    else:
        changed = {"replace": (*values, *maps), "add": (*maps, *lists), "remove": (*maps, *lists)}.get(str(op), ())
        raise invalid_patch(path, op, [f"/{each}" for each in changed])
