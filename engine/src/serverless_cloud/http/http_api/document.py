"""An OpenAPI document as an HTTP API: which calls of API Gateway make what it says. No moto.

Source: API Gateway Developer Guide, "Use OpenAPI definitions for HTTP APIs" and "OpenAPI extensions for API Gateway".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.http import openapi_shape

_X = "x-amazon-apigateway-"
METHODS = ("get", "put", "post", "delete", "patch", "options", "head", _X + "any-method")
_KNOWN = {
    _X + name
    for name in (
        "any-method", "authorizer", "authtype", "cors", "endpoint-configuration", "importexport-version", "integration",
        "integrations", "tag-value",
    )
}  # fmt: skip
_DEFAULT = ("/$default", "$default")  # SAM writes it without the slash

#: A key of an integration in a document, and the parameter of CreateIntegration. None: it changes nothing.
_INTEGRATION = {
    "connectionType": "ConnectionType",
    "credentials": "CredentialsArn",
    "description": "Description",
    "httpMethod": "IntegrationMethod",
    "integrationSubtype": "IntegrationSubtype",
    "passthroughBehavior": None,
    "payloadFormatVersion": "PayloadFormatVersion",
    "requestParameters": "RequestParameters",
    "responseParameters": "ResponseParameters",
    "timeoutInMillis": "TimeoutInMillis",
    "type": "IntegrationType",
    "uri": "IntegrationUri",
}
_AUTHORIZER = {
    "authorizerCredentials": "AuthorizerCredentialsArn",
    "authorizerPayloadFormatVersion": "AuthorizerPayloadFormatVersion",
    "authorizerResultTtlInSeconds": "AuthorizerResultTtlInSeconds",
    "authorizerUri": "AuthorizerUri",
    "enableSimpleResponses": "EnableSimpleResponses",
    "identitySource": "IdentitySource",
    "jwtConfiguration": "JwtConfiguration",
    "type": "AuthorizerType",
}
#: Parameters that are texts. YAML reads an unquoted one as a number.
_VERSIONS = frozenset({"PayloadFormatVersion", "AuthorizerPayloadFormatVersion"})


class BadDocument(ValueError):
    """The document cannot be an HTTP API; the text says why."""


class NotKnown(ValueError):
    """The document has something that the local cloud doesn't support. The text names it."""


@dataclass(frozen=True)
class Operation:
    """A route of the document.

    Args:
        route: CreateRoute's parameters, without the target and the authorizer's id.
        authorizer: the authorizer's name in the document; "" for none.
        integration: CreateIntegration's parameters; None for a route without.
    """

    route: JsonObject
    authorizer: str
    integration: JsonObject | None


@dataclass(frozen=True)
class Document:
    """The contents of the document.

    Args:
        api: UpdateApi's parameters.
        authorizers: CreateAuthorizer's parameters, by name.
    """

    api: JsonObject
    tags: Mapping[str, str]
    authorizers: Mapping[str, JsonObject] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()


def read(text: str) -> Document:
    """Reads a document, JSON or YAML.

    Raises:
        BadDocument, NotKnown: see there.
    """
    try:
        doc = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadDocument(f"Unable to parse the document: {error}") from error
    if not isinstance(doc, dict) or not str(doc.get("openapi", "")).startswith("3."):
        raise BadDocument(
            "The document is not OpenAPI 3. To define an HTTP API, set its key openapi to a version such as 3.0.1."
        )
    try:
        openapi_shape.check(doc)
    except openapi_shape.Misshapen as error:
        raise BadDocument(f"Unable to parse the document: {error}") from None
    if not str((doc.get("info") or {}).get("title") or ""):
        raise BadDocument("info.title is missing. Set it to the API's name.")
    for name in _extensions(doc):
        if name not in _KNOWN:
            raise NotKnown(f"{name} in an OpenAPI document")
    components = doc.get("components") or {}
    schemes: JsonObject = components.get("securitySchemes") or {}
    shared: JsonObject = components.get(_X + "integrations") or {}
    return Document(
        api=_api(doc),
        tags={tag["name"]: str(tag[_X + "tag-value"]) for tag in doc.get("tags") or [] if _X + "tag-value" in tag},
        authorizers={
            name: _authorizer(name, scheme) for name, scheme in schemes.items() if _X + "authorizer" in scheme
        },
        operations=tuple(_operations(doc, schemes, shared)),
    )


def _extensions(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if str(name).startswith(_X):
                yield str(name)
            yield from _extensions(value)
    elif isinstance(part, list):
        for item in part:
            yield from _extensions(item)


def _api(doc: JsonObject) -> JsonObject:
    info, endpoint = doc["info"], doc.get(_X + "endpoint-configuration") or {}
    if more := sorted(set(endpoint) - {"disableExecuteApiEndpoint"}):
        raise NotKnown(f"{more[0]} in {_X}endpoint-configuration")
    fields = {
        "Name": str(info["title"]),
        "Version": str(info["version"]) if "version" in info else None,
        "Description": info.get("description"),
        "DisableExecuteApiEndpoint": endpoint.get("disableExecuteApiEndpoint"),
        "CorsConfiguration": _capitals(doc.get(_X + "cors")),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _capitals(part: JsonObject | None) -> JsonObject | None:
    """The same with the names that boto3 has: allowOrigins is AllowOrigins."""
    return None if part is None else {name[:1].upper() + name[1:]: value for name, value in part.items()}


def _authorizer(name: str, scheme: JsonObject) -> JsonObject:
    settings = scheme[_X + "authorizer"]
    authorizer = _renamed(settings, _AUTHORIZER, _X + "authorizer") | {"Name": name}
    authorizer["AuthorizerType"] = str(settings.get("type")).upper()
    source = settings.get("identitySource")
    if isinstance(source, str):
        authorizer["IdentitySource"] = [part.strip() for part in source.split(",")]
    elif authorizer["AuthorizerType"] == "REQUEST":  # which may do without, if nothing is cached
        authorizer.setdefault("IdentitySource", [])
    if "jwtConfiguration" in settings:
        authorizer["JwtConfiguration"] = _capitals(settings["jwtConfiguration"])
    return authorizer


def _renamed(settings: JsonObject, names: Mapping[str, str | None], where: str) -> JsonObject:
    if more := sorted(set(settings) - set(names)):
        raise NotKnown(f"{more[0]} in {where}")
    fields = {new: settings[old] for old, new in names.items() if new and settings.get(old) is not None}
    return {name: str(value) if name in _VERSIONS else value for name, value in fields.items()}


def _operations(doc: JsonObject, schemes: JsonObject, shared: JsonObject) -> Iterator[Operation]:
    for path, methods in (doc.get("paths") or {}).items():
        for method in METHODS:
            if method not in methods:
                continue
            operation = methods[method] or {}
            key = "$default" if path in _DEFAULT else f"{'ANY' if method.startswith('x-') else method.upper()} {path}"
            requirements = operation["security"] if "security" in operation else doc.get("security") or []
            route, authorizer = _secured(requirements, schemes)
            route |= {"RouteKey": key}
            if operation.get("operationId"):
                route["OperationName"] = str(operation["operationId"])
            yield Operation(route, authorizer, _integration(operation.get(_X + "integration"), shared))


def _secured(requirements: list[JsonObject], schemes: JsonObject) -> tuple[JsonObject, str]:
    """How a route is protected, and by which authorizer."""
    # SAM writes a scheme NONE, which no document has, where a route is open.
    pairs = [
        pair for requirement in requirements for pair in requirement.items() if pair[0] != "NONE" or pair[0] in schemes
    ]
    if not pairs:
        return {"AuthorizationType": "NONE"}, ""
    if len(pairs) > 1:
        raise NotKnown("more than one security requirement in an operation")
    name, scopes = pairs[0]
    scheme = schemes.get(name) or {}
    if str(scheme.get(_X + "authtype")).lower() == "awssigv4":
        return {"AuthorizationType": "AWS_IAM"}, ""
    if _X + "authorizer" not in scheme:
        raise BadDocument(f"The security scheme {name} has no {_X}authorizer. Add it.")
    kind = "JWT" if str(scheme[_X + "authorizer"].get("type")).lower() == "jwt" else "CUSTOM"
    return {"AuthorizationType": kind} | ({"AuthorizationScopes": list(scopes)} if scopes else {}), name


def _integration(integration: JsonObject | None, shared: JsonObject) -> JsonObject | None:
    if integration is None:
        return None
    if "$ref" in integration:
        name = str(integration["$ref"]).rsplit("/", 1)[-1]
        if name not in shared:
            raise BadDocument(f"The document has no integration {integration['$ref']}.")
        integration = shared[name]
    fields = _renamed(integration, _INTEGRATION, _X + "integration")
    return {"PayloadFormatVersion": "1.0"} | fields | {"IntegrationType": str(integration.get("type")).upper()}
