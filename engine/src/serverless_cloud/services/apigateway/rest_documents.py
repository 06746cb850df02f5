"""Documentation parts of REST APIs, which are kept, and which no request ever sees: the same on AWS.

moto lacks them. Source: API Gateway API reference, "DocumentationPart"; messages as recorded on AWS.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

import yaml
from moto.apigateway.exceptions import BadRequestException, ConflictException
from moto.apigateway.models import RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.apigateway.rest_rules import NotFound, check_enum, check_operations, given_to

patches = Service(
    "apigateway", defect="engine/tests/test_rest_seams.py::test_moto_lacks_the_operations_that_a_seam_adds"
)

_OWNER = "moto.apigateway.responses:APIGatewayResponse"
TYPES = (
    "RESPONSE_BODY", "RESPONSE", "METHOD", "MODEL", "AUTHORIZER", "RESPONSE_HEADER", "RESOURCE", "PATH_PARAMETER",
    "REQUEST_BODY", "QUERY_PARAMETER", "API", "REQUEST_HEADER",
)  # fmt: skip
_NOT_EMPTY = "Documentation part properties must be non-empty"

Parts = dict[str, JsonObject]


def parts_of(api: RestAPI) -> Parts:
    """The documentation parts of an API by their IDs."""
    parts: Parts = vars(api).setdefault("documentation_parts", {})
    return parts


def _parts(response: APIGatewayResponse) -> Parts:
    return parts_of(response.backend.get_rest_api(response.path.split("/")[2]))


def _part(response: APIGatewayResponse) -> JsonObject:
    part = _parts(response).get(response.path.split("/")[5])
    if part is None:
        raise NotFound("Invalid Documentation part identifier specified")
    return part


def _add(parts: Parts, location: JsonObject, properties: str) -> JsonObject:
    part: JsonObject = {"id": secrets.token_hex(3), "location": location, "properties": properties}
    parts[part["id"]] = part
    return part


@patches.replaces(f"{_OWNER}.create_documentation_part", expects="")
def create_documentation_part(response: APIGatewayResponse) -> TYPE_RESPONSE:
    given, parts = given_to(response), _parts(response)
    location, properties = given.get("location") or {}, given.get("properties")
    check_enum(location.get("type"), "createDocumentationPartInput.location.type", TYPES)
    if not properties:
        raise BadRequestException(_NOT_EMPTY)
    if any(part["location"] == location for part in parts.values()):
        where = ", ".join(f"{name} '{value}'" for name, value in location.items())
        raise ConflictException(f"Documentation part already exists for the specified location: {where}.")
    return 201, {"status": 201}, json.dumps(_add(parts, location, properties))


@patches.replaces(f"{_OWNER}.get_documentation_part", expects="")
def get_documentation_part(response: APIGatewayResponse) -> str:
    return json.dumps(_part(response))


@patches.replaces(f"{_OWNER}.get_documentation_parts", expects="")
def get_documentation_parts(response: APIGatewayResponse) -> str:
    wanted = {
        "type": response._get_param("type"),
        "path": response._get_param("path"),
        "name": response._get_param("name"),
    }
    parts = [
        part
        for part in _parts(response).values()
        if all(value in (None, part["location"].get(name)) for name, value in wanted.items())
    ]
    return json.dumps({"item": parts})


@patches.replaces(f"{_OWNER}.update_documentation_part", expects="")
def update_documentation_part(response: APIGatewayResponse) -> str:
    part = _part(response)
    check_operations(response, {"replace": ("/properties",)})
    for patch in given_to(response).get("patchOperations") or []:
        value = patch.get("value")
        if not value:
            raise BadRequestException(_NOT_EMPTY)
        part["properties"] = value
    return json.dumps(part)


@patches.replaces(f"{_OWNER}.delete_documentation_part", expects="")
def delete_documentation_part(response: APIGatewayResponse) -> TYPE_RESPONSE:
    del _parts(response)[_part(response)["id"]]
    return 202, {"status": 202}, "{}"


@patches.replaces(f"{_OWNER}.import_documentation_parts", expects="")
def import_documentation_parts(response: APIGatewayResponse) -> TYPE_RESPONSE:
    parts = _parts(response)
    document = yaml.safe_load(response.body or "{}")  # JSON is also YAML
    if not isinstance(document, Mapping):
        raise BadRequestException("Invalid OpenAPI input.")
    made = import_parts(parts, document, overwrite=response._get_param("mode") == "overwrite")
    return 200, {"status": 200}, json.dumps({"ids": made, "warnings": []})


def import_parts(parts: Parts, document: Mapping[str, object], *, overwrite: bool) -> list[str]:
    """Adds the parts of an OpenAPI document; a part of the same location is replaced. Returns their IDs."""
    found = document.get("x-amazon-apigateway-documentation")
    if overwrite:
        parts.clear()
    made = []
    listed = (found.get("documentationParts") or ()) if isinstance(found, Mapping) else ()
    if not all(isinstance(part, Mapping) and {"location", "properties"} <= part.keys() for part in listed):
        raise BadRequestException("Invalid OpenAPI input.")
    for part in listed:
        for old in [id for id, each in parts.items() if each["location"] == part["location"]]:
            del parts[old]
        properties = part["properties"]
        text = properties if isinstance(properties, str) else json.dumps(properties)
        made.append(str(_add(parts, part["location"], text)["id"]))
    return made
