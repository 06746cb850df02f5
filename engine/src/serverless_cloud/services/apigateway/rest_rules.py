"""Settings of a REST API that API Gateway refuses or keeps, unlike moto: checks, then moto's own, then what moto drops.

moto overwrites a model that is there, and crashes on an authorizer or a usage plan that does not exist. Methods and
integrations: rest_methods.py. Stages and usage plans: rest_stage_rules.py.

Messages are AWS's as recorded, except for a model's schema. A setting that the local cloud doesn't support is a
NotImplementedException.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.apigateway.exceptions import (
    ApiGatewayException,
    BadRequestException,
    ConflictException,
    NotFoundException,
)
from moto.apigateway.models import Resource, RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from serverless_cloud.core import constraints
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured

patches = Service("apigateway", defect="engine/tests/http/test_rest_patches.py::test_stock_moto_still_has_the_defects")

ENDPOINTS, ADDRESSES = ("PRIVATE", "EDGE", "REGIONAL"), ("ipv4", "dualstack")
#: The paths that update_rest_api changes. Source: API Gateway API reference, "Patch operations", restApi:update.
PATCHED = ("apiKeySource", "binaryMediaTypes", "description", "disableExecuteApiEndpoint", "endpointConfiguration",
           "minimumCompressionSize", "name", "policy")  # fmt: skip
OPERATIONS = ("add", "remove", "move", "test", "replace", "copy")
LARGEST_TTL_S = 3600  # API Gateway Developer Guide, "Cache settings for REST APIs"


_PART = re.compile(r"[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._:-]+\+?\}")
#: The URI of a Lambda authorizer; a stage variable can stand for the function.
_INVOCATION = re.compile(r"arn:[^:]+:apigateway:[^:]*:lambda:path/+2015-03-31/functions/.+/invocations")
_DRAFT, _JSON = "http://json-schema.org/draft-04/schema#", "application/json"


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


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_rest_api")
def create_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Keeps binaryMediaTypes and version; refuses what has no effect here."""
    given = given_to(response)
    if "openapi" in given or "swagger" in given or "name" not in given:  # a document; without name, in YAML
        return create_rest_api.original(response)
    refuse_settings(given, "create_rest_api", ("policy", "minimumCompressionSize", "cloneFrom"))
    if not str(given["name"] or "").strip():
        raise BadRequestException("Name cannot be empty")
    endpoint = given.get("endpointConfiguration") or {}
    _check_endpoint(endpoint)
    if "PRIVATE" in (endpoint.get("types") or ()):
        raise NotHonoured("an endpoint of type PRIVATE")
    answer = create_rest_api.original(response)
    if answer[0] != 200:
        return answer
    api = response.backend.get_rest_api(json.loads(answer[2])["id"])
    api.binaryMediaTypes = list(given.get("binaryMediaTypes") or [])
    api.version = given.get("version")
    for title, properties in (("Empty", {}), ("Error", {"properties": {"message": {"type": "string"}}})):
        schema = {"$schema": _DRAFT, "title": f"{title} Schema", "type": "object"} | properties
        api.add_model(title, f"This is a default {title.lower()} schema model", json.dumps(schema, indent=2), _JSON)
    return 201, answer[1], json.dumps(api.to_dict())


def _check_endpoint(endpoint: JsonObject) -> None:
    """Raises unless an API can have this endpoint."""
    types, addresses = endpoint.get("types") or [], endpoint.get("ipAddressType")
    if set(types) - set(ENDPOINTS):
        rule = f"Member must satisfy constraint: [{constraints.one_of(ENDPOINTS)}]"
        place = "createRestApiInput.endpointConfiguration.types"
        raise ApiGatewayException(
            "ValidationException", constraints.violation_message(place, rule, f"[{', '.join(types)}]")
        )
    if addresses is not None:
        check_enum(addresses, "createRestApiInput.endpointConfiguration.ipAddressType", ADDRESSES)
    if len(types) > 1:
        raise BadRequestException("Cannot create an api with multiple Endpoint Types.")
    if "PRIVATE" in types and addresses == "ipv4":
        raise BadRequestException("Only dualstack ipAddressType is supported for Private APIs.")


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.update_rest_api")
def update_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """A patch has binary media types in its path, with ~1 for /; a flag is not a string."""
    api = response.backend.get_rest_api(response.path.split("/")[2])
    rest = []
    for patch in given_to(response).get("patchOperations") or []:
        path, op = str(patch.get("path")), patch.get("op")
        first = path.split("/")[1] if path.count("/") else ""
        if first not in PATCHED:
            raise invalid_patch(path, op, [f"/{each}" for each in PATCHED])
        if path == "/binaryMediaTypes":
            raise BadRequestException(f"Invalid patch path {path}")
        if first == "minimumCompressionSize" and op == "replace" and patch.get("value") in (None, ""):
            continue  # no compression, as before
        if first in ("policy", "minimumCompressionSize"):
            raise NotHonoured(f"{first} in update_rest_api")
        if first == "endpointConfiguration":
            _patch_endpoint(api.endpoint_configuration, path, op, str(patch.get("value")))
            continue
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


def _patch_endpoint(endpoint: Any, path: str, op: object, value: str) -> None:
    """Changes the endpoint of an API, as far as it has effect here."""
    if op != "replace":
        raise BadRequestException("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
    if path == "/endpointConfiguration/ipAddressType":
        if value not in ADDRESSES:
            raise BadRequestException("ipAddressType must be either ipv4 or dualstack.")
        endpoint["ipAddressType"] = value
        return
    if value not in ENDPOINTS[1:]:
        raise BadRequestException("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE")
    endpoint["types"] = [value]


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_model")
def create_model(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Once for each name, with a schema that is a JSON object."""
    given, api = given_to(response), response.backend.get_rest_api(response.path.split("/")[2])
    if not given.get("name"):
        raise BadRequestException("Model name must be non-empty")
    if not str(given["name"]).isalnum():
        raise BadRequestException(f"Model name must be alphanumeric: {given['name']}")
    if given["name"] in api.models:
        raise ConflictException("Model name already exists for this REST API")
    if "schema" in given:
        check_schema(given["schema"])
    return create_model.original(response)


def check_schema(schema: object) -> None:
    """Raises unless a model can have this schema."""
    if not schema:
        raise BadRequestException("Model schema must have at least 1 property or array items defined")
    try:
        is_object = isinstance(json.loads(str(schema)), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise BadRequestException("Invalid model specified: the schema must be a string that holds a JSON object")


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_authorizer")
def create_authorizer(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Keeps identityValidationExpression; a name can be given once."""
    given = given_to(response)
    api = response.backend.apis.get(response.path.split("/")[2])
    if api is None:
        raise ConflictException("Unable to complete operation due to concurrent modification. Please try again later.")
    kind, name = given.get("type"), given.get("name")
    if kind in ("TOKEN", "REQUEST"):
        check_authorizer_uri(given.get("authorizerUri"))
    if kind == "COGNITO_USER_POOLS" and not given.get("providerARNs"):
        raise BadRequestException("Invalid providerARNs: at least one user pool is needed")
    ttl_s = given.get("authorizerResultTtlInSeconds")
    check_authorizer_ttl(ttl_s)
    if any(name == each.name for each in api.authorizers.values()):
        raise BadRequestException(f"Authorizer name must be unique. Authorizer {name} already exists in this RestApi.")
    answer = create_authorizer.original(response)
    if answer[0] != 201:
        return answer
    authorizer = api.authorizers[json.loads(answer[2])["id"]]
    authorizer.identity_validation_expression = given.get("identityValidationExpression")
    if kind == "COGNITO_USER_POOLS" and ttl_s is None:
        authorizer.authorizer_result_ttl = None
    return 201, answer[1], json.dumps(authorizer.to_json())


def check_authorizer_uri(uri: object) -> None:
    """Raises unless a Lambda authorizer can have this URI."""
    if not _INVOCATION.fullmatch(str(uri or "")):
        raise BadRequestException(
            f"Invalid Authorizer URI: {uri or 'null'}. Authorizer URI should be a valid API Gateway ARN that "
            "represents a Lambda function invocation."
        )


def check_authorizer_ttl(ttl_s: object) -> None:
    """Raises unless an authorizer can have this TTL, a number or its text."""
    if ttl_s is not None and not (str(ttl_s).isdigit() and int(str(ttl_s)) <= LARGEST_TTL_S):
        raise BadRequestException("Authorizer result TTL must be between 0 and 3600 seconds")


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_authorizer")
def delete_authorizer(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    _, _, api_id, _, authorizer_id = response.path.split("/")[:5]
    response.backend.get_authorizer(api_id, authorizer_id)
    return delete_authorizer.original(response)


def check_operations(response: APIGatewayResponse, paths: Mapping[str, tuple[str, ...]]) -> None:
    """Raises unless each patch of a request has an operation and a path of these."""
    for patch in given_to(response).get("patchOperations") or []:
        op, path = str(patch.get("op")), str(patch.get("path"))
        if path not in paths.get(op, ()):
            raise invalid_patch(path, op, paths.get(op, ()))


def invalid_patch(path: str, op: object, supported: Sequence[str]) -> BadRequestException:
    """The error of a patch with a path that its operation can't change; `supported` are the paths that it can."""
    may = f"Must be one of: [{', '.join(supported)}]" if supported else "Please choose supported operations"
    return BadRequestException(f"Invalid patch path  '{path}' specified for op '{op}'. {may}")


def check_enum(value: object, field: str, allowed: Sequence[str]) -> None:
    """Raises unless a field of a request has one of the values that the API reference lists."""
    if value in allowed:
        return
    told = constraints.sentence([constraints.NULL.format(field)])
    if value is not None:
        told = constraints.violation_message(field, constraints.one_of(allowed), str(value))
    raise ApiGatewayException("ValidationException", told)


def check_status(status: object) -> None:
    """Raises unless a response can have this status code."""
    if not re.fullmatch(r"[1-5]\d\d", str(status)):
        rule = r"Member must satisfy regular expression pattern: [1-5]\d\d"
        raise ApiGatewayException("ValidationException", constraints.violation_message("statusCode", rule, str(status)))


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.delete_usage_plan")
def delete_usage_plan(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """It must be there."""
    response.backend.get_usage_plan(response.path.split("/")[2])
    return delete_usage_plan.original(response)


def check_path_part(part: str) -> None:
    """Raises unless a resource can have this name."""
    if not _PART.fullmatch(part):
        raise BadRequestException(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.create_resource")
def create_resource(response: APIGatewayResponse) -> TYPE_RESPONSE:
    """Names must be unique below a parent, and there is one variable part only."""
    _, _, api_id, _, parent_id = response.path.split("/")[:5]
    part = str(response._get_param("pathPart") or "")
    if not part:
        raise BadRequestException("Resource's path part must be specified")
    check_path_part(part)
    parent = response.backend.get_resource(api_id, parent_id)
    if parent.path_part.endswith("+}"):
        raise BadRequestException(
            f"Cannot create a child of a resource with a greedy path variable: {parent.path_part}"
        )
    check_siblings(response.backend.get_rest_api(api_id), parent_id, part)
    return create_resource.original(response)


def check_siblings(api: RestAPI, parent_id: str, part: str, resource: Resource | None = None) -> None:
    """Raises unless a resource, or a new one, can have this name below a parent."""
    for sibling in api.resources.values():
        if sibling.parent_id != parent_id or sibling is resource:
            continue
        if sibling.path_part == part:
            raise ConflictException(f"Another resource with the same parent already has this name: {part}")
        if part.startswith("{") and sibling.path_part.startswith("{"):
            raise BadRequestException(
                f"A sibling ({sibling.path_part}) of this resource already has a variable path part -- only one is "
                "allowed"
            )


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
