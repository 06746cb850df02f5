"""Answers of REST APIs' control plane that differ from API Gateway's in moto: errors, embedded parts, and tags.

The patches and their reasons:

- `NotFoundException.__init__`: some of moto's errors of this name have the status 400.
- `APIGatewayBackend.get_rest_api`, `get_resource`, `get_model`, `get_vpc_link`: other words than API Gateway's.
- `APIGatewayResponse`: moto answers 500 for a validator, a response or an integration that is missing.

Messages are AWS's as recorded. The members of answers: rest_shapes.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.apigateway.exceptions import BadRequestException, ConflictException, NotFoundException
from moto.apigateway.models import (
    APIGatewayBackend,
    Model,
    RequestValidator,
    Resource,
    RestAPI,
    VpcLink,
)
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.http.rest.gateway_responses import TYPES
from serverless_cloud.services.apigateway.rest_rules import (
    NotFound,
    check_enum,
    check_operations,
    check_status,
    given_to,
)

patches = Service(
    "apigateway", defect="engine/tests/http/test_answers_apigateway.py::test_stock_moto_still_has_the_defects"
)

RESPONSE_TYPES = tuple(sorted(set(TYPES) - {"FORBIDDEN"}))
_VALIDATOR = ("/name", "/validateRequestParameters", "/validateRequestBody")
_NO_VALIDATOR = "Invalid Request Validator identifier specified"
_NO_STATUS = "Invalid Response status code specified"
_ALSO = "APIs, keys and usage plans also have tags."
_KEY = ("/name", "/description", "/enabled", "/customerId", "/stages")


@patches.replaces("moto.apigateway.exceptions:NotFoundException.__init__")
def init_not_found(error: NotFoundException, message: str) -> None:
    init_not_found.original(error, message)
    error.code = 404


@patches.replaces("moto.apigateway.models:APIGatewayBackend.get_rest_api")
def get_rest_api(backend: APIGatewayBackend, function_id: str) -> RestAPI:
    api = backend.apis.get(function_id)
    if api is None:
        raise NotFound(f"Invalid API identifier specified {backend.account_id}:{function_id}")
    return api


@patches.replaces("moto.apigateway.models:APIGatewayBackend.get_resource")
def get_resource(backend: APIGatewayBackend, function_id: str, resource_id: str) -> Resource:
    resource = backend.get_rest_api(function_id).resources.get(resource_id)
    if resource is None:
        raise NotFound("Invalid Resource identifier specified")
    return resource


@patches.replaces("moto.apigateway.models:APIGatewayBackend.get_vpc_link")
def get_vpc_link(backend: APIGatewayBackend, vpc_link_id: str) -> VpcLink:
    link = backend.vpc_links.get(vpc_link_id)
    if link is None:
        raise NotFound("Invalid Vpc Link identifier specified")
    return link


@patches.replaces("moto.apigateway.models:APIGatewayBackend.delete_vpc_link")
def delete_vpc_link(backend: APIGatewayBackend, vpc_link_id: str) -> None:
    del backend.vpc_links[backend.get_vpc_link(vpc_link_id).id]


# ---- resources


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    ("get_resource", "get_resources"),
    expects="self",
    upstream="Methods are described only if the request asks for them.",
)
def _embed_methods(patch: Patch[..., str], /, response: APIGatewayResponse) -> str:
    answer = patch.original(response)
    if "methods" in response.querystring.get("embed", ()):
        return answer
    shown = json.loads(answer)
    for resource in shown.get("item", [shown]):
        if "resourceMethods" in resource:
            resource["resourceMethods"] = {method: {} for method in resource["resourceMethods"]}
    return json.dumps(shown)


# ---- stages and deployments


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_deployment", upstream="It embeds a summary.")
def get_deployment(response: APIGatewayResponse) -> str:
    _, _, api_id, _, deployment_id = response.path.split("/")[:5]
    deployment = response.backend.get_rest_api(api_id).get_deployment(deployment_id)
    shown = deployment.to_json()
    if "apisummary" in response.querystring.get("embed", ()):
        names = ("authorizationType", "apiKeyRequired")
        shown["apiSummary"] = {
            resource.path: {kind: {name: each.get(name) for name in names} for kind, each in resource.methods.items()}
            for resource in vars(deployment)["snapshot"].resources
            if resource.methods
        }
    return json.dumps(shown)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_stages", upstream="GetStages takes a deployment.")
def get_stages(response: APIGatewayResponse) -> str:
    wanted = response._get_param("deploymentId")
    stages = response.backend.get_stages(response.path.split("/")[2])
    return json.dumps({"item": [each.to_json() for each in stages if wanted in (None, each.deployment_id)]})


# ---- validators of requests


def _validator(response: APIGatewayResponse) -> RequestValidator:
    _, _, api_id, _, validator_id = response.path.split("/")[:5]
    validator: RequestValidator | None = response.backend.get_rest_api(api_id).request_validators.get(validator_id)
    if validator is None:
        raise NotFound(_NO_VALIDATOR)
    return validator


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_request_validator")
def create_request_validator(response: APIGatewayResponse) -> TYPE_RESPONSE:
    if response.path.split("/")[2] not in response.backend.apis:
        raise BadRequestException("Invalid REST API identifier specified")
    return create_request_validator.original(response)


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    ("get_request_validator", "delete_request_validator"),
    expects="self",
)
def _find_validator(patch: Patch[..., object], /, response: APIGatewayResponse) -> object:
    _validator(response)
    return patch.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_request_validator")
def update_request_validator(response: APIGatewayResponse) -> str:
    validator = _validator(response)
    check_operations(response, {"replace": _VALIDATOR})
    for patch in given_to(response).get("patchOperations") or []:
        path, value = patch["path"], patch.get("value")
        if path == "/name":
            if not value:
                raise BadRequestException("Request Validator name cannot be blank")
            validator.name = value
        elif path == "/validateRequestBody":
            validator.validate_request_body = str(value).lower() == "true"
        else:
            validator.validate_request_parameters = str(value).lower() == "true"
    return json.dumps(validator.to_dict())


# ---- models


@patches.replaces("moto.apigateway.models:APIGatewayBackend.get_model")
def get_model(backend: APIGatewayBackend, rest_api_id: str, model_name: str) -> Model:
    model = backend.get_rest_api(rest_api_id).models.get(model_name)
    if model is None:
        raise NotFound(f"Invalid model name specified: {model_name}")
    return model


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_model")
def delete_model(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """A model that a method or another model refers to stays."""
    _, _, api_id, _, name = response.path.split("/")[:5]
    response.backend.get_model(api_id, name)
    api = response.backend.get_rest_api(api_id)
    for resource in api.resources.values():
        for kind, method in resource.resource_methods.items():
            where = f"{resource.get_path()}/{kind}".replace("//", "/")
            if name in (method.request_models or {}).values():
                raise ConflictException(f"Cannot delete model '{name}', is referenced in method request: {where}")
            if any(name in (each.response_models or {}).values() for each in method.method_responses.values()):
                raise ConflictException(f"Cannot delete model '{name}', is referenced in method response: {where}")
    for other in api.models.values():
        if other.name != name and f'/models/{name}"' in (other.schema or ""):
            raise ConflictException(f"Cannot delete model '{name}', is referenced in model: {other.name}")
    return delete_model.original(response)


# ---- responses of methods and integrations


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    ("get_method_response", "delete_method_response"),
    expects="self",
)
def _find_method_response(patch: Patch[..., object], /, response: APIGatewayResponse) -> object:
    _, _, api_id, _, resource_id, _, method, _, status = response.path.split("/")[:9]
    check_status(status)
    if response.backend.get_method(api_id, resource_id, method).get_response(status) is None:
        raise NotFound(_NO_STATUS)
    return patch.original(response)


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    ("get_integration_response", "delete_integration_response"),
    expects="self",
)
def _find_integration_response(patch: Patch[..., object], /, response: APIGatewayResponse) -> object:
    parts = response.path.split("/")
    check_status(parts[9])
    integration = response.backend.get_method(parts[2], parts[4], parts[6]).method_integration
    if integration is None:
        raise NotFound("Invalid Integration identifier specified")
    if parts[9] not in (integration.integration_responses or {}):
        raise NotFound(_NO_STATUS)
    return patch.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_integration")
def delete_integration(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    if response.backend.get_method(api_id, resource_id, method).method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    return delete_integration.original(response)


# ---- API keys and usage plans


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_api_key")
def create_api_key(response: APIGatewayResponse) -> TYPE_RESPONSE:
    value = given_to(response).get("value")
    if value is not None and len(str(value)) < 20:
        raise BadRequestException("API Key value should be at least 20 characters")
    return create_api_key.original(response)


@patches.replaces(
    "moto.apigateway.responses:APIGatewayResponse.update_api_key", upstream="UpdateApiKey doesn't tell the key's value."
)
def update_api_key(response: APIGatewayResponse) -> str:
    check_operations(response, {"replace": _KEY})
    shown = json.loads(update_api_key.original(response))
    del shown["value"]
    return json.dumps(shown)


@patches.replaces("moto.apigateway.models:APIGatewayBackend.delete_api_key", upstream="Usage plans lose it.")
def delete_api_key(backend: APIGatewayBackend, api_key_id: str) -> None:
    delete_api_key.original(backend, api_key_id)
    for keys in backend.usage_plan_keys.values():
        keys.pop(api_key_id, None)


@patches.replaces_each(
    "moto.apigateway.responses:APIGatewayResponse",
    ("get_usage_plan_keys", "get_usage_plan_key", "delete_usage_plan_key"),
    expects="self",
)
def _find_plan(patch: Patch[..., object], /, response: APIGatewayResponse) -> object:
    _, _, plan_id, _, *key_id = response.path.split("/")
    plan = response.backend.get_usage_plan(plan_id)
    if key_id and key_id[0] not in response.backend.usage_plan_keys.get(plan.id, {}):
        raise NotFound("Invalid API Key identifier specified")
    return patch.original(response)


# ---- gateway responses, which nothing here changes


def _usual(kind: str) -> JsonObject:
    """A gateway response.

    Source: API Gateway Developer Guide, "Gateway response types", where an integration's failure has the status 504. A
    function that answers wrongly also fails its integration, and gets 502.
    """
    shown: JsonObject = {
        "responseType": kind,
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    if kind.startswith("DEFAULT"):
        return shown
    return shown | {"statusCode": "504" if kind == "INTEGRATION_FAILURE" else str(TYPES[kind][0])}


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_gateway_response")
def get_gateway_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _, _, api_id, _, kind = response.path.rstrip("/").split("/")
    check_enum(kind, "responseType", RESPONSE_TYPES)
    response.backend.get_rest_api(api_id)
    return 200, {}, json.dumps(_usual(kind))


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_gateway_responses")
def get_gateway_responses(response: APIGatewayResponse) -> TYPE_RESPONSE:
    response.backend.get_rest_api(response.path.split("/")[2])
    return 200, {}, json.dumps({"item": [_usual(kind) for kind in RESPONSE_TYPES]})


# ---- tags of APIs, keys and usage plans; moto has tags of stages


def _tagged(response: APIGatewayResponse) -> Any:
    """The resource that a request about tags names; None for a stage, and for a resource without tags."""
    _, kind, id, *more = [*unquote(response.path.split("/tags/", 1)[1]).split("/"), "", ""]
    find: dict[str, Callable[[str], Any]] = {
        "restapis": response.backend.get_rest_api,
        "apikeys": response.backend.get_api_key,
        "usageplans": response.backend.get_usage_plan,
    }
    return None if any(more) or kind not in find else find[kind](id)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_tags", upstream=_ALSO)
def get_tags(response: APIGatewayResponse) -> str:
    tagged = _tagged(response)
    return get_tags.original(response) if tagged is None else json.dumps({"tags": tagged.tags or {}})


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.tag_resource", upstream=_ALSO)
def tag_resource(response: APIGatewayResponse) -> TYPE_RESPONSE:
    tagged = _tagged(response)
    if tagged is None:
        tag_resource.original(response)
    else:
        tagged.tags = {**(tagged.tags or {}), **(given_to(response).get("tags") or {})}
    return 204, {"status": 204}, ""


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.untag_resource", upstream=_ALSO)
def untag_resource(response: APIGatewayResponse) -> TYPE_RESPONSE:
    tagged = _tagged(response)
    if tagged is None:
        untag_resource.original(response)
    else:
        gone = response.querystring.get("tagKeys") or ()
        tagged.tags = {key: value for key, value in (tagged.tags or {}).items() if key not in gone}
    return 204, {"status": 204}, ""
