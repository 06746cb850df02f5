"""Patch operations of REST APIs that moto lacks or crashes on: of resources, responses, models, authorizers and others.

Source: API Gateway API reference, "Patch Operations"; messages as recorded on AWS.
"""

from __future__ import annotations

import json

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Resource, RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.apigateway.rest_methods import check_models
from serverless_cloud.services.apigateway.rest_operations import Values, apply_patch
from serverless_cloud.services.apigateway.rest_rules import (
    NotFound,
    check_authorizer_ttl,
    check_authorizer_uri,
    check_operations,
    check_path_part,
    check_schema,
    check_siblings,
    check_status,
    given_to,
)

patches = Service(
    "apigateway", defect="engine/tests/http/test_rest_patches.py::test_moto_lacks_the_operations_that_a_patch_adds"
)

_MOTOS = "engine/tests/http/test_answers_apigateway.py::test_stock_moto_still_has_the_defects"
_DESCRIPTION: Values = {"description": ("description", str)}
_MODEL: Values = _DESCRIPTION | {"schema": ("schema", str)}
_INTEGRATION_RESPONSE: Values = {
    "selectionPattern": ("selection_pattern", str),
    "contentHandling": ("content_handling", str),
}
_TEMPLATES = {"responseTemplates": "response_templates", "responseParameters": "response_parameters"}
_AUTHORIZER = (
    "/authorizerUri", "/authorizerCredentials", "/authorizerResultTtlInSeconds", "/authType", "/identitySource",
    "/identityValidationExpression", "/name", "/providerARNs", "/type",
)  # fmt: skip
_RESOURCE = ("/parentId", "/pathPart")


def _operations(response: APIGatewayResponse) -> list[JsonObject]:
    operations: list[JsonObject] = given_to(response).get("patchOperations") or []
    return operations


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_deployment", expects="")
def update_deployment(response: APIGatewayResponse) -> str:
    _, _, api_id, _, deployment_id = response.path.split("/")[:5]
    deployment = response.backend.get_rest_api(api_id).get_deployment(deployment_id)
    for patch in _operations(response):
        apply_patch(deployment, patch, _DESCRIPTION, {}, {})
    return json.dumps(deployment.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_model", expects="")
def update_model(response: APIGatewayResponse) -> str:
    _, _, api_id, _, name = response.path.split("/")[:5]
    model = response.backend.get_model(api_id, name)
    for patch in _operations(response):
        if patch["path"] == "/schema" and patch.get("op") == "replace":
            check_schema(patch.get("value"))
        apply_patch(model, patch, _MODEL, {}, {})
    return json.dumps(model.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_method_response", expects="")
def update_method_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _, _, api_id, _, resource_id, _, method, _, status = response.path.split("/")[:9]
    check_status(status)
    found = response.backend.get_method(api_id, resource_id, method).get_response(status)
    if found is None:
        raise NotFound("Invalid Response status code specified")
    for patch in _operations(response):
        if patch["path"].startswith("/responseParameters/"):
            patch = {**patch, "value": str(patch.get("value")).lower() == "true"}
        if patch["path"].startswith("/responseModels/") and patch.get("op") != "remove":
            check_models(response.backend.get_rest_api(api_id), {"": str(patch.get("value"))})
        maps = {"responseParameters": "response_parameters", "responseModels": "response_models"}
        apply_patch(found, patch, {}, maps, {})
    return 201, {"status": 201}, json.dumps(found.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_integration_response", expects="")
def update_integration_response(response: APIGatewayResponse) -> str:
    parts = response.path.split("/")
    check_status(parts[9])
    integration = response.backend.get_method(parts[2], parts[4], parts[6]).method_integration
    if integration is None:
        raise NotFound("Invalid Integration identifier specified")
    found = integration.get_integration_response(parts[9])
    for patch in _operations(response):
        apply_patch(found, patch, _INTEGRATION_RESPONSE, _TEMPLATES, {})
    return json.dumps(found.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_resource", expects="")
def update_resource(response: APIGatewayResponse) -> str:
    _, _, api_id, _, resource_id = response.path.split("/")[:5]
    resource, api = response.backend.get_resource(api_id, resource_id), response.backend.get_rest_api(api_id)
    check_operations(response, {"replace": _RESOURCE})
    for patch in _operations(response):
        path, value = patch["path"], str(patch.get("value") or "")
        if path == "/parentId":
            _move(api, resource, value)
        else:
            _rename(api, resource, value)
    return json.dumps(resource.to_dict())


def _move(api: RestAPI, resource: Resource, parent_id: str) -> None:
    if parent_id not in api.resources:
        raise NotFound("Invalid Resource identifier specified")
    if resource.parent_id is None:
        raise BadRequestException("Root resource cannot be moved.")
    above: str | None = parent_id
    while above is not None:
        if above == resource.id:
            raise BadRequestException("Resources cannot be cyclical.")
        above = api.resources[above].parent_id
    check_siblings(api, parent_id, resource.path_part, resource)
    resource.parent_id = parent_id


def _rename(api: RestAPI, resource: Resource, part: str) -> None:
    if resource.parent_id is None:
        raise BadRequestException("Root resource cannot update its path part.")
    check_path_part(part)
    check_siblings(api, resource.parent_id, part, resource)
    resource.path_part = part


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_account", defect=_MOTOS)
def update_account(response: APIGatewayResponse) -> str:
    lists = ("/features",)
    check_operations(response, {"replace": ("/cloudwatchRoleArn",), "add": lists, "remove": lists})
    return update_account.original(response)


@patches.replaces(
    "moto.apigateway.responses:APIGatewayResponse.update_authorizer",
    defect=_MOTOS,
    upstream="User pools are added and removed.",
)
def update_authorizer(response: APIGatewayResponse) -> str:
    _, _, api_id, _, authorizer_id = response.path.split("/")[:5]
    authorizer = response.backend.get_authorizer(api_id, authorizer_id)
    pools = ("/providerARNs",)
    check_operations(response, {"replace": _AUTHORIZER, "add": pools, "remove": pools})
    rest = []
    for patch in _operations(response):
        if patch["path"] == "/authorizerUri":
            check_authorizer_uri(patch.get("value"))
        if patch["path"] == "/authorizerResultTtlInSeconds":
            check_authorizer_ttl(patch.get("value"))
        if patch["path"] != "/providerARNs":
            rest.append(patch)
            continue
        others = [arn for arn in authorizer.provider_arns or [] if arn != patch["value"]]
        authorizer.provider_arns = others if patch["op"] == "remove" else [*others, patch["value"]]
    response.body = json.dumps({"patchOperations": rest})
    return update_authorizer.original(response)
