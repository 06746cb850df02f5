"""The shape of an OpenAPI or Swagger document: which parts are objects, and which are lists.

Sources: OpenAPI Specification 3.0.3 and 2.0; API Gateway Developer Guide, "OpenAPI extensions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_X = "x-amazon-apigateway-"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", _X + "any-method")
_OBJECTS = (
    *("info", "paths", "components", "definitions", "securityDefinitions"),
    *(_X + "request-validators", _X + "endpoint-configuration", _X + "cors"),
)
_COMPONENTS = ("schemas", "securitySchemes", "parameters", "responses", "requestBodies", _X + "integrations")
_SCHEMES = "securityDefinitions"
_WHOSE_ENTRIES = (_SCHEMES, _X + "request-validators")


class Misshapen(ValueError):
    """A part of a document is of the wrong kind. The message names the part."""


def check(document: Mapping[str, Any]) -> None:
    """Looks at all parts of a document that an import reads.

    Raises:
        Misshapen: a part is of the wrong kind.
    """
    for name in _OBJECTS:
        _object(document, name)
    for name in _WHOSE_ENTRIES:
        _objects(_object(document, name), f"an entry of {name}")
    components = _object(document, "components")
    for name in _COMPONENTS:
        _objects(_object(components, name), f"an entry of {name}")
    for scheme in (*_object(document, _SCHEMES).values(), *_object(components, "securitySchemes").values()):
        _object(_object(scheme, _X + "authorizer"), "jwtConfiguration")
    _check_parameters(components.get("parameters", {}).values())
    _list_of_objects(document, "tags")
    _security(document)
    for item in _objects(_object(document, "paths"), "a path"):
        for method in (item, *(_object(item, name, "a method") for name in _METHODS if name in item)):
            _check_method(method)


def _check_method(method: Mapping[str, Any]) -> None:
    _check_parameters(_list_of_objects(method, "parameters"))
    _security(method)
    integration = _object(method, _X + "integration")
    _object(integration, "requestParameters")
    _objects(_object(integration, "responses"), "a response of an integration")
    body = _object(method, "requestBody")
    for holder in (body, *_objects(_object(method, "responses"), "a response")):
        _object(holder, "schema")
        _object(holder, "headers")
        for entry in _objects(_object(holder, "content"), "an entry of content"):
            _object(entry, "schema")


def _check_parameters(parameters: Iterable[Mapping[str, Any]]) -> None:
    for parameter in parameters:
        if "$ref" not in parameter and not all(isinstance(parameter.get(name), str) for name in ("name", "in")):
            raise Misshapen("a parameter lacks its name or its place")
        _object(parameter, "schema")


def _security(part: Mapping[str, Any]) -> None:
    for requirement in _list_of_objects(part, "security"):
        if not all(isinstance(scopes, list) for scopes in requirement.values()):
            raise Misshapen("an entry of security does not list its scopes")


def _object(part: Mapping[str, Any], name: str, label: str = "") -> Mapping[str, Any]:
    value = part.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Misshapen(f"{label or name} is not an object")
    return value


def _objects(part: Mapping[str, Any], label: str) -> Iterator[Mapping[str, Any]]:
    values = list(part.values())
    if not all(isinstance(value, Mapping) for value in values):
        raise Misshapen(f"{label} is not an object")
    return iter(values)


def _list_of_objects(part: Mapping[str, Any], name: str) -> list[Any]:
    values = part.get(name, [])
    if not isinstance(values, list):
        raise Misshapen(f"{name} is not a list")
    if not all(isinstance(value, Mapping) for value in values):
        raise Misshapen(f"an entry of {name} is not an object")
    return values
