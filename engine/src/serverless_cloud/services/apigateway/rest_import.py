"""OpenAPI documents become REST APIs.

moto takes OpenAPI 3 only, needs a description, takes
every key of a path for a method, and drops parameters, models, security and nearly all extensions.

Source: API Gateway Developer Guide, "Develop REST APIs using OpenAPI in API Gateway" with "OpenAPI extensions for API
Gateway". An extension that the local cloud does not know is refused by name.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml
from moto.apigateway import models
from moto.apigateway.exceptions import (
    BadRequestException,
    InvalidOpenApiDocVersionException,
    InvalidOpenApiModeException,
)
from moto.apigateway.models import RestAPI
from moto.apigateway.responses import APIGatewayResponse
from moto.core.common_types import TYPE_RESPONSE

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.http import openapi_shape
from serverless_cloud.http.rest.model import CALLERS_CREDENTIALS
from serverless_cloud.services.apigateway.rest_methods import check_integration, keep_integration

patches = Service("apigateway", defect="engine/tests/http/test_rest_patches.py::test_stock_moto_still_has_the_defects")

METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "x-amazon-apigateway-any-method")
_X = "x-amazon-apigateway-"
_KNOWN = {
    _X + name
    for name in (
        "api-key-source", "binary-media-types", "request-validator", "request-validators",
        "importexport-version", "authorizer", "authtype", "integration", "any-method", "auth",
    )
}  # fmt: skip
_PLACES = {"query": "querystring", "header": "header", "path": "path"}


@patches.replaces("moto.apigateway.models:APIGatewayBackend.import_rest_api")
def import_rest_api(backend: models.APIGatewayBackend, api_doc: JsonObject, fail_on_warnings: bool) -> RestAPI:
    _check(api_doc)
    info: Any = api_doc.get("info") or {}
    if not info.get("title"):
        raise BadRequestException("Failed to parse the uploaded OpenAPI document: info.title is missing")
    api = backend.create_rest_api(name=info["title"], description=info.get("description"))
    try:
        backend.put_rest_api(api.id, api_doc, fail_on_warnings=fail_on_warnings)
    except Exception:
        backend.delete_rest_api(api.id)
        raise
    return api


@patches.replaces("moto.apigateway.models:APIGatewayBackend.put_rest_api")
def put_rest_api(
    backend: models.APIGatewayBackend,
    function_id: str,
    api_doc: JsonObject,
    fail_on_warnings: bool,
    mode: str = "merge",
) -> RestAPI:
    del fail_on_warnings
    if mode not in ("merge", "overwrite"):
        raise InvalidOpenApiModeException
    _check(api_doc)
    api = backend.get_rest_api(function_id)
    if mode == "overwrite":
        api.resources = {api.root_resource_id: api.resources[api.root_resource_id]}
        api.resources[api.root_resource_id].resource_methods = {}
        for kept in (api.models, api.request_validators, api.authorizers):
            kept.clear()
    _Import(backend, api, api_doc).run()
    return api


@patches.replaces("moto.apigateway.responses:APIGatewayResponse.put_rest_api", upstream="A document has a base path.")
def answer_put_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    response.backend.get_rest_api(response.path.split("/")[2])
    _require_document(response)
    place_below_base(response)
    return answer_put_rest_api.original(response)


@patches.replaces(
    "moto.apigateway.responses:APIGatewayResponse.import_rest_api", upstream="A document has a base path."
)
def answer_import_rest_api(response: APIGatewayResponse) -> TYPE_RESPONSE:
    _require_document(response)
    place_below_base(response)
    return answer_import_rest_api.original(response)


def _require_document(response: APIGatewayResponse) -> None:
    """Raises unless a body is a document of OpenAPI or Swagger."""
    document = _parsed(response.body or "")
    if not isinstance(document, Mapping) or not {"openapi", "swagger"} & set(document):
        raise BadRequestException("Invalid OpenAPI input.")


def place_below_base(response: APIGatewayResponse) -> None:
    """Puts the paths of a document below its base path, as far as `basepath` of the request asks.

    Source: API Gateway Developer Guide, "Set the OpenAPI basePath property": "ignore", which is the default,
    "prepend", and "split", which leaves out the first part of the base path.
    """
    mode = response._get_param("basepath")
    if mode not in ("prepend", "split"):
        return
    doc = _parsed(response.body)
    if not isinstance(doc, Mapping) or not isinstance(doc.get("paths"), Mapping):
        return  # nothing to move; `_check` refuses what isn't a document
    parts = [part for part in _base_path(doc).split("/") if part][mode == "split" :]
    base = "".join(f"/{part}" for part in parts)
    paths = {f"{base}{'' if path == '/' else path}" or "/": item for path, item in doc["paths"].items()}
    response.body = json.dumps({**doc, "paths": paths}, default=str)


def _parsed(body: str) -> Any:
    """A document in JSON or YAML; None if it is neither."""
    try:
        return json.loads(body)
    except ValueError:
        with contextlib.suppress(yaml.YAMLError):
            return yaml.safe_load(body)
        return None


def _base_path(doc: Mapping[str, Any]) -> str:
    for server in doc.get("servers") or ():
        if not isinstance(server, Mapping):
            break
        variable = (server.get("variables") or {}).get("basePath")
        if isinstance(variable, Mapping):
            return str(variable.get("default") or "")
        return urlsplit(str(server.get("url") or "")).path
    return str(doc.get("basePath") or "")


def _check(doc: JsonObject) -> None:
    is_object = isinstance(doc, Mapping)
    if not is_object or not (str(doc.get("openapi", "")).startswith("3") or str(doc.get("swagger")) == "2.0"):
        raise InvalidOpenApiDocVersionException
    try:
        openapi_shape.check(doc)
    except openapi_shape.Misshapen as error:
        raise BadRequestException(f"Failed to parse the uploaded OpenAPI document: {error}") from None

    def look(part: object) -> None:
        for name, value in part.items() if isinstance(part, Mapping) else ():
            if str(name).startswith(_X) and name not in _KNOWN:
                raise NotHonoured(f"{name} in an OpenAPI document")
            if name != _X + "integration":
                look(value)

    look(doc)


class _Import:
    """One document on its way into an API."""

    def __init__(self, backend: Any, api: Any, doc: JsonObject) -> None:
        self._backend, self._api, self._doc = backend, api, doc
        components = doc.get("components") or {}
        self._schemas: JsonObject = components.get("schemas") or doc.get("definitions") or {}
        self._security: JsonObject = components.get("securitySchemes") or doc.get("securityDefinitions") or {}
        self._authorizers: dict[str, str] = {}
        self._validators: dict[str, str] = {}

    def run(self) -> None:
        """Does it."""
        api, doc = self._api, self._doc
        api.binaryMediaTypes = list(doc.get(_X + "binary-media-types") or api.binaryMediaTypes)
        api.api_key_source = doc.get(_X + "api-key-source") or api.api_key_source
        api.version = (doc.get("info") or {}).get("version")
        for name, schema in self._schemas.items():
            api.add_model(name, None, json.dumps(self._models(schema)), "application/json")
        for name, rule in (doc.get(_X + "request-validators") or {}).items():
            flags = bool(rule.get("validateRequestBody")), bool(rule.get("validateRequestParameters"))
            self._validators[name] = api.create_request_validator(name, *flags).id
        for name, scheme in self._security.items():
            if _X + "authorizer" in scheme:
                self._authorizers[name] = self._authorizer(name, scheme)
        for path in sorted(doc.get("paths") or {}):
            resource = self._resource(path)
            for key in METHODS:
                if key in doc["paths"][path]:
                    method = "ANY" if key.startswith("x-") else key.upper()
                    self._method(resource, method, doc["paths"][path], doc["paths"][path][key])

    def _models(self, part: object) -> object:
        """A schema whose references lead to models of this API."""
        if isinstance(part, list):
            return [self._models(each) for each in part]
        if not isinstance(part, Mapping):
            return part
        if isinstance(part.get("$ref"), str):
            name = part["$ref"].rsplit("/", 1)[-1]
            return {"$ref": f"https://apigateway.amazonaws.com/restapis/{self._api.id}/models/{name}"}
        return {name: self._models(each) for name, each in part.items()}

    def _authorizer(self, name: str, scheme: JsonObject) -> str:
        given = scheme[_X + "authorizer"]
        kind = str(given.get("type")).upper()
        source = given.get("identitySource") or f"method.request.header.{scheme.get('name', 'Authorization')}"
        authorizer = self._backend.create_authorizer(
            self._api.id,
            name,
            kind,
            provider_arns=given.get("providerARNs"),
            auth_type=scheme.get(_X + "authtype"),
            authorizer_uri=given.get("authorizerUri"),
            authorizer_credentials=given.get("authorizerCredentials"),
            identity_source=source,
            authorizer_result_ttl=given.get("authorizerResultTtlInSeconds", None if "POOLS" in kind else 300),
        )
        authorizer.identity_validation_expression = given.get("identityValidationExpression")
        return str(authorizer.id)

    def _resource(self, path: str) -> Any:
        resource = self._api.resources[self._api.root_resource_id]
        for part in [each for each in path.split("/") if each]:
            below = [r for r in self._api.resources.values() if (r.parent_id, r.path_part) == (resource.id, part)]
            resource = below[0] if below else self._backend.create_resource(self._api.id, resource.id, part)
        return resource

    def _method(self, resource: Any, name: str, path_doc: JsonObject, doc: JsonObject) -> None:
        parameters = [*(path_doc.get("parameters") or []), *(doc.get("parameters") or [])]
        declared = {
            f"method.request.{_PLACES[each['in']]}.{each['name']}": bool(each.get("required"))
            for each in parameters
            if each.get("in") in _PLACES
        }
        request_models = {
            kind: _name(each) for kind, each in ((doc.get("requestBody") or {}).get("content") or {}).items()
        }
        for each in parameters:
            if each.get("in") == "body":
                request_models["application/json"] = _name(each)
        validator = doc.get(_X + "request-validator") or self._doc.get(_X + "request-validator")
        authorization, authorizer_id, scopes, needs_key = self._secured(doc)
        self._backend.put_method(
            self._api.id,
            resource.id,
            name,
            authorization,
            api_key_required=needs_key,
            request_parameters=declared or None,
            request_models={kind: model for kind, model in request_models.items() if model} or None,
            operation_name=doc.get("operationId"),
            authorizer_id=authorizer_id,
            authorization_scopes=scopes,
            request_validator_id=self._validators.get(str(validator)),
        )
        for status, response in (doc.get("responses") or {}).items():
            headers = {f"method.response.header.{each}": False for each in response.get("headers") or {}}
            if re.fullmatch(r"[1-5]\d\d", str(status)):
                models = self._response_models(doc, response) or None
                self._backend.put_method_response(self._api.id, resource.id, name, str(status), models, headers or None)
        if doc.get(_X + "integration"):
            self._integration(resource, name, doc[_X + "integration"])

    def _response_models(self, doc: JsonObject, response: JsonObject) -> dict[str, str]:
        """The models of a response by content type, of OpenAPI 3 or of Swagger 2."""
        kinds = doc.get("produces") or self._doc.get("produces") or ["application/json"]
        content = response.get("content") or dict.fromkeys(kinds, response)
        return {kind: model for kind, each in content.items() if (model := _name(each))}

    def _secured(self, doc: JsonObject) -> tuple[str, str | None, list[str] | None, bool]:
        """The authorization type, the authorizer's id, its scopes, and whether an API key is needed."""
        found: tuple[str, str | None, list[str] | None] = ("NONE", None, None)
        needs_key = False
        wanted = doc["security"] if "security" in doc else self._doc.get("security") or []
        for name, scopes in [pair for each in wanted for pair in each.items()]:
            scheme = self._security.get(name) or {}
            if name == "NONE" and not scheme:
                continue  # SAM writes it, and no document has it, where a method is open
            if name in self._authorizers:
                pool = str(scheme[_X + "authorizer"].get("type")).lower() == "cognito_user_pools"
                found = ("COGNITO_USER_POOLS" if pool else "CUSTOM", self._authorizers[name], list(scopes) or None)
            elif str(scheme.get(_X + "authtype")).lower() == "awssigv4":
                found = ("AWS_IAM", None, None)
            elif str(scheme.get("name")).lower() == "x-api-key":
                needs_key = True
            else:
                raise NotHonoured(f"the security scheme {name} in an OpenAPI document")
        return (*found, needs_key)

    def _integration(self, resource: Any, method: str, doc: JsonObject) -> None:
        given = {**doc, "type": str(doc.get("type")).upper()}
        check_integration(given)
        integration = self._backend.put_integration(
            self._api.id,
            resource.id,
            method,
            given["type"],
            given.get("uri"),
            given.get("httpMethod"),
            credentials=None if given.get("credentials") == CALLERS_CREDENTIALS else given.get("credentials"),
            request_templates=given.get("requestTemplates"),
            request_parameters=given.get("requestParameters"),
            content_handling=given.get("contentHandling"),
        )
        keep_integration(integration, given, resource.id)
        for pattern, response in (given.get("responses") or {}).items():
            self._backend.put_integration_response(
                self._api.id,
                resource.id,
                method,
                str(response.get("statusCode")),
                None if pattern == "default" else pattern,
                response.get("responseTemplates") or {},
                response.get("responseParameters") or {},
                response.get("contentHandling"),
            )


def _name(part: JsonObject) -> str | None:
    """The model that a body refers to."""
    reference = (part.get("schema") or {}).get("$ref")
    return str(reference).rsplit("/", 1)[-1] if reference else None
