"""Settings of a REST API that API Gateway refuses or keeps, unlike moto: checks, then moto's own, then what moto drops.

moto overwrites a model or a method's response that is there, answers {} for an integration that is not, and crashes on
an authorizer or a usage plan that does not exist. Stages and usage plans: rest_stage_rules.py.

Messages are AWS's as recorded, except for a model's schema. A setting that the local cloud doesn't support is a
NotImplementedException.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.apigateway.exceptions import (
    ApiGatewayException,
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.guard import stays_here
from serverless_cloud.http.rest_aws import TARGETS
from serverless_cloud.http.rest_backends import is_of_aws
from serverless_cloud.http.rest_errors import TYPES
from serverless_cloud.http.rest_model import CALLERS_CREDENTIALS
from serverless_cloud.refusals import NotHonoured

patches = Service("apigateway", defect="engine/tests/test_rest_seams.py::test_stock_moto_still_has_the_defects")

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
INTEGRATIONS = ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS")
TIMEOUTS_MS = (50, 29_000)
#: The paths that update_rest_api changes. Source: API Gateway API reference, "Patch operations", restApi:update.
PATCHED = ("apiKeySource", "binaryMediaTypes", "description", "disableExecuteApiEndpoint", "endpointConfiguration",
           "minimumCompressionSize", "name", "policy")  # fmt: skip
LARGEST_TTL_S = 3600  # API Gateway Developer Guide, "Cache settings for REST APIs"


class NotFound(NotFoundException):
    """The same with the status that AWS gives it."""

    code = 404


def given_to(response: BaseResponse) -> JsonObject:
    """The body of a call; empty if it is not a JSON object."""
    try:
        body = json.loads(response.body or "{}")
    except ValueError:
        return {}  # an OpenAPI document in YAML
    return body if isinstance(body, dict) else {}


def refuse_settings(given: JsonObject, operation: str, names: tuple[str, ...]) -> None:
    """Raises NotHonoured for settings that would have no effect."""
    for name in names:
        if given.get(name) not in (None, "", {}, []):
            raise NotHonoured(f"{name} in {operation}")


def check_integration(given: JsonObject) -> None:
    """Raises for an integration that AWS refuses, or that reaches what this cloud has not."""
    kind, uri = given.get("type"), str(given.get("uri") or "")
    if kind not in INTEGRATIONS:
        raise ApiGatewayException(
            "ValidationException",
            f"1 validation error detected: Value '{kind}' at 'putIntegrationInput.type' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(INTEGRATIONS)}]",
        )
    refuse_settings(given, "put_integration", ("connectionId",))
    for name, only in (("connectionType", "INTERNET"), ("responseTransferMode", "BUFFERED")):
        if given.get(name) not in (None, only):
            raise NotHonoured(f"{name} {given[name]} in put_integration")
    timeout_ms = given.get("timeoutInMillis")
    if timeout_ms is not None and not TIMEOUTS_MS[0] <= int(timeout_ms) <= TIMEOUTS_MS[1]:
        raise BadRequestException(f"Timeout should be between {TIMEOUTS_MS[0]} ms and {TIMEOUTS_MS[1]} ms")
    if kind in ("AWS", "AWS_PROXY"):
        _check_service(kind, uri, given)
    if kind in ("HTTP", "HTTP_PROXY") and not reaches(uri):
        raise NotHonoured(
            f"an HTTP integration with {uri}",
            "The local cloud doesn't support {}, because requests never leave this machine. Give a URI on 127.0.0.1 or "
            "the address of an API in this cloud (docs/fidelity.md).",
        )


def keep_integration(integration: Any, given: JsonObject, resource_id: str) -> None:
    """Puts into moto's integration what moto drops, and AWS's defaults."""
    if given.get("credentials") == CALLERS_CREDENTIALS:  # moto takes it for a role of another account
        integration.credentials = CALLERS_CREDENTIALS
    integration.cache_key_parameters = list(given.get("cacheKeyParameters") or [])
    integration.cache_namespace = given.get("cacheNamespace") or resource_id
    integration.passthrough_behaviour = given.get("passthroughBehavior") or "WHEN_NO_MATCH"
    integration.timeout_in_millis = int(given.get("timeoutInMillis") or 29_000)
    integration.http_method = given.get("httpMethod") if given.get("type") != "MOCK" else None


def reaches(uri: str) -> bool:
    """Whether an HTTP integration may stay on this machine: a host of it, an API of this cloud, a stage variable."""
    found = re.match(r"https?://([^/?#]*)", uri)
    if found is None:
        return True  # no address at all: moto refuses it
    return "${" in found.group(1) or stays_here(uri) or is_of_aws(uri)


def _check_service(kind: str, uri: str, given: JsonObject) -> None:
    service = (uri.split(":") + [""] * 5)[4].split(".")[-1]
    if not uri.startswith("arn:") or ":apigateway:" not in uri:
        return  # moto's own checks follow
    if kind == "AWS_PROXY" and service != "lambda":
        raise BadRequestException(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    if service == "lambda":
        return
    if service not in TARGETS:
        raise NotHonoured(
            f"an AWS integration with {service}",
            "The local cloud doesn't support {}. It supports integrations with lambda, " + ", ".join(TARGETS) + ". "
            "docs/fidelity.md lists what works here.",
        )
    if not given.get("credentials"):
        raise BadRequestException("Role ARN must be specified for AWS integrations")


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_rest_api")
def create_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Keeps binaryMediaTypes and version; refuses what has no effect here."""
    given = given_to(response)
    if "openapi" in given or "swagger" in given or "name" not in given:  # a document; without name, in YAML
        return create_rest_api.original(response)
    refuse_settings(given, "create_rest_api", ("policy", "minimumCompressionSize", "cloneFrom"))
    if not str(given["name"] or "").strip():
        raise BadRequestException("Name cannot be empty")
    if "PRIVATE" in ((given.get("endpointConfiguration") or {}).get("types") or ()):
        raise NotHonoured("an endpoint of type PRIVATE")
    answer = create_rest_api.original(response)
    if answer[0] != 200:
        return answer
    api = response.backend.get_rest_api(json.loads(answer[2])["id"])
    api.binaryMediaTypes = list(given.get("binaryMediaTypes") or [])
    api.version = given.get("version")
    return 201, answer[1], json.dumps(api.to_dict())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_rest_api")
def update_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """A patch has binary media types in its path, with ~1 for /; a flag is not a string."""
    api = response.backend.get_rest_api(response.path.split("/")[2])
    rest = []
    for patch in given_to(response).get("patchOperations") or []:
        path, op = str(patch.get("path")), patch.get("op")
        first = path.split("/")[1] if path.count("/") else ""
        if first not in PATCHED:
            raise BadRequestException(f"Invalid patch path '{path}' specified for op '{op}'")
        if first in ("policy", "minimumCompressionSize"):
            raise NotHonoured(f"{first} in update_rest_api")
        if first == "binaryMediaTypes" and path.count("/") == 2:
            kind = path.split("/")[2].replace("~1", "/").replace("~0", "~")
            kept = [each for each in api.binaryMediaTypes if each != kind]
            value = str(patch.get("value") or kind)
            api.binaryMediaTypes = kept if op == "remove" else [*kept, value if op == "replace" else kind]
        elif first == "disableExecuteApiEndpoint":
            api.disableExecuteApiEndpoint = str(patch.get("value")).lower() == "true"
        else:
            rest.append(patch)
    response.body = json.dumps({"patchOperations": rest})
    return update_rest_api.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_model")
def create_model(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Once for each name, with a schema that is a JSON object."""
    given, api = given_to(response), response.backend.get_rest_api(response.path.split("/")[2])
    if given.get("name") in api.models:
        raise ConflictException("Model name already exists for this REST API")
    try:
        is_object = isinstance(json.loads(given.get("schema") or "{}"), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise BadRequestException("Invalid model specified: the schema must be a string that holds a JSON object")
    return create_model.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_authorizer")
def create_authorizer(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Keeps identityValidationExpression."""
    given = given_to(response)
    if given.get("type") in ("TOKEN", "REQUEST") and not given.get("authorizerUri"):
        raise BadRequestException("Invalid Authorizer URI: null")
    if given.get("type") == "COGNITO_USER_POOLS" and not given.get("providerARNs"):
        raise BadRequestException("Invalid providerARNs: at least one user pool is needed")
    ttl_s = given.get("authorizerResultTtlInSeconds")
    if ttl_s is not None and not 0 <= int(ttl_s) <= LARGEST_TTL_S:
        raise BadRequestException("Authorizer result TTL must be between 0 and 3600 seconds")
    answer = create_authorizer.original(response)
    if answer[0] != 201:
        return answer
    authorizer = response.backend.get_authorizer(response.path.split("/")[2], json.loads(answer[2])["id"])
    authorizer.identity_validation_expression = given.get("identityValidationExpression")
    return 201, answer[1], json.dumps(authorizer.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_authorizer")
def delete_authorizer(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, authorizer_id = response.path.split("/")[:5]
    response.backend.get_authorizer(api_id, authorizer_id)
    return delete_authorizer.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_gateway_response")
def put_gateway_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The type must be one of AWS's."""
    kind, types = response.path.rstrip("/").rsplit("/", 1)[-1], sorted(set(TYPES) - {"FORBIDDEN"})
    if kind not in types:
        raise ApiGatewayException(
            "ValidationException",
            f"1 validation error detected: Value '{kind}' at 'responseType' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{', '.join(types)}]",
        )
    return put_gateway_response.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_usage_plan")
def delete_usage_plan(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    response.backend.get_usage_plan(response.path.split("/")[2])
    return delete_usage_plan.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_resource")
def create_resource(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Names must be unique below a parent, and there is one variable part only."""
    _, _, api_id, _, parent_id = response.path.split("/")[:5]
    part = str(response._get_param("pathPart") or "")
    if not part:
        raise BadRequestException("Resource's path part must be specified")
    parent = response.backend.get_resource(api_id, parent_id)
    if parent.path_part.endswith("+}"):
        raise BadRequestException(
            f"Cannot create a child of a resource with a greedy path variable: {parent.path_part}"
        )
    siblings = [each for each in response.backend.get_resources(api_id) if each.parent_id == parent_id]
    for sibling in siblings:
        if sibling.path_part == part:
            raise ConflictException(f"Another resource with the same parent already has this name: {part}")
        if part.startswith("{") and sibling.path_part.startswith("{"):
            raise BadRequestException(
                f"A sibling ({sibling.path_part}) of this resource already has a variable path part -- only one is "
                "allowed"
            )
    return create_resource.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_resource")
def delete_resource(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Also deletes the resources below it."""
    _, _, api_id, _, resource_id = response.path.split("/")[:5]
    response.backend.get_resource(api_id, resource_id)
    api = response.backend.get_rest_api(api_id)
    if api.resources[resource_id].parent_id is None:
        raise BadRequestException("Root resource cannot be deleted.")
    below = {resource_id}
    while more := {id for id, each in api.resources.items() if each.parent_id in below} - below:
        below |= more
    answer = delete_resource.original(response)
    for id in below:
        api.resources.pop(id, None)
    return answer


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_method")
def put_method(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """An authorizer, a validator and models must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    given, api = given_to(response), response.backend.get_rest_api(api_id)
    if method not in METHODS:
        raise BadRequestException(f"Invalid HttpMethod specified. Valid options are {','.join(METHODS)}")
    kind = given.get("authorizationType")
    if kind not in ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"):
        raise BadRequestException(
            "Invalid Authorization Type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
        )
    authorizer = api.authorizers.get(str(given.get("authorizerId")))
    if kind in ("CUSTOM", "COGNITO_USER_POOLS") and authorizer is None:
        raise BadRequestException(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
            "requires a valid authorizer."
        )
    if given.get("requestValidatorId") and given["requestValidatorId"] not in api.request_validators:
        raise BadRequestException("Invalid Request Validator identifier specified")
    for model in (given.get("requestModels") or {}).values():
        if model not in api.models and model not in ("Empty", "Error"):
            raise BadRequestException(f"Invalid model identifier specified: {model}")
    if method in response.backend.get_resource(api_id, resource_id).resource_methods:
        raise ConflictException("Method already exists for this resource")
    return put_method.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_method")
def delete_method(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    response.backend.get_method(api_id, resource_id, method)
    return delete_method.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_method_response")
def put_method_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Once for each status."""
    _, _, api_id, _, resource_id, _, method, _, status = response.path.split("/")[:9]
    if response.backend.get_method(api_id, resource_id, method).get_response(status) is not None:
        raise ConflictException("Response already exists for this resource")
    return put_method_response.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_integration")
def put_integration(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Checks what the integration reaches, and keeps the settings that moto drops."""
    _, _, api_id, _, resource_id, _, method_name = response.path.split("/")[:7]
    given, method = given_to(response), response.backend.get_method(api_id, resource_id, method_name)
    check_integration(given)
    declared = method.request_parameters or {}
    for target, source in (given.get("requestParameters") or {}).items():
        is_mapping = re.fullmatch(r"integration\.request\.(header|querystring|path)\..+", target)
        place = re.fullmatch(r"method\.request\.(multivalue)?(header|querystring|path)\.(.+)", str(source))
        name = f"method.request.{place.group(2)}.{place.group(3)}" if place else ""
        if not is_mapping or (place and name not in declared):
            raise BadRequestException(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping "
                f"expression parameter specified: {source if is_mapping else target}]"
            )
    if given.get("credentials") == CALLERS_CREDENTIALS:
        response.body = json.dumps({name: value for name, value in given.items() if name != "credentials"})
    answer = put_integration.original(response)
    integration: Any = method.method_integration
    keep_integration(integration, given, resource_id)
    return answer[0], answer[1], json.dumps(integration.to_json())


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.get_integration")
def get_integration(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, resource_id, _, method = response.path.split("/")[:7]
    if response.backend.get_method(api_id, resource_id, method).method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    return get_integration.original(response)


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_integration_response")
def put_integration_response(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """The method must declare the status, and each header that is mapped."""
    parts = response.path.split("/")
    api_id, resource_id, method_name, status = parts[2], parts[4], parts[6], parts[9]
    method = response.backend.get_method(api_id, resource_id, method_name)
    if method.method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    declared = method.get_response(status)
    if declared is None:
        raise NotFound("Invalid Response status code specified")
    for target in given_to(response).get("responseParameters") or {}:
        if target not in (declared.response_parameters or {}):
            raise BadRequestException(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping "
                f"expression parameter specified: {target}]"
            )
    return put_integration_response.original(response)
