"""Mapping parameters and bodies between a method and its integration, and back.

Sources: API Gateway Developer Guide, "Parameter mapping source reference for REST APIs in API Gateway", "Mapping
template transformations", "Method request behavior for payloads without mapping templates" (passthroughBehavior),
"Content type conversions in API Gateway" (contentHandling).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.http.request import Response
from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import Json
from serverless_cloud.http.velocity import TemplateFailed, compact, find

Values = dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Answered:
    """The answer of an integration.

    Args:
        status: the HTTP status of the backend; 200 of a function.
        headers, body: of the backend.
        selector: what selectionPattern is held against: the status, or the error message of a function.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    selector: str

    def header(self, name: str) -> str:
        """The last value of a header; empty if there is none."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name.lower()), "")


# ---- to the integration


def mapped_parameters(exchange: Exchange) -> Values:
    """The integration's requestParameters worked out: values by name, by "header", "querystring", "path"."""
    parameters: Values = {"header": {}, "querystring": {}, "path": {}}
    for target, source in (exchange.integration.get("requestParameters") or {}).items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        values = _source(str(source), exchange)
        if values and place in parameters:
            parameters[place][name] = values
    return parameters


def overridden(values: Values, override: Mapping[str, Any]) -> Values:
    """The same, after what a template has set in $context.requestOverride."""
    for place, names in override.items():
        for name, value in dict(names).items():
            if place in values:
                values[place][name] = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return values


def _source(source: str, exchange: Exchange) -> list[str]:
    if source.startswith("'") and source.endswith("'"):
        return [source[1:-1]]
    if source.startswith("stageVariables."):
        return _one(exchange.stage.variables.get(source.removeprefix("stageVariables.")))
    if source.startswith("context."):
        return _one(_walk(exchange.context, source.removeprefix("context.")))
    place, _, name = source.removeprefix("method.request.").partition(".")
    event = exchange.event
    if place == "path":
        return _one((event["pathParameters"] or {}).get(name))
    if place in ("querystring", "multivaluequerystring"):
        values = list((event["multiValueQueryStringParameters"] or {}).get(name, []))
        return values if place.startswith("multi") else values[-1:]
    if place in ("header", "multivalueheader"):
        many = {key.lower(): value for key, value in event["multiValueHeaders"].items()}
        values = list(many.get(name.lower(), []))
        return [",".join(values)] if values and place.startswith("multi") else values[-1:]
    if place == "body":
        return _from_body(exchange.text, name, GatewayError("DEFAULT_4XX", "Invalid JSON in request body"))
    return []


def _walk(value: Any, path: str) -> Any:
    """The value in an object at a path, "identity.sourceIp"; None for nothing."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _one(value: Any) -> list[str]:
    return [] if value in (None, "") else [value if isinstance(value, str) else compact(value)]


def _from_body(text: str, path: str, error: GatewayError) -> list[str]:
    if not path:
        return _one(text.strip())
    try:
        return _one(find(json.loads(text or "{}"), "$." + path))
    except (ValueError, TemplateFailed):
        raise error from None


def request_body(exchange: Exchange) -> bytes:
    """The body for an integration that isn't a proxy, from the template for its content type.

    Raises:
        GatewayError: 415, no template fits and passthroughBehavior does not let the body through.
    """
    integration, content = exchange.integration, exchange.request.header("content-type", "application/json")
    templates = {key.lower(): value for key, value in (integration.get("requestTemplates") or {}).items()}
    kind = content.split(";")[0].strip().lower()
    template = templates.get(content.lower(), templates.get(kind, templates.get("$default")))
    body = _converted(exchange.request.body, exchange.is_binary, integration.get("contentHandling"))
    if template is None:
        passthrough = integration.get("passthroughBehavior") or "WHEN_NO_MATCH"
        if passthrough == "NEVER" or (passthrough == "WHEN_NO_TEMPLATES" and templates):
            raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
        return body
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise GatewayError("API_CONFIGURATION_ERROR", reason="A mapping template needs a text as the body") from error
    return exchange.render(template, text).text.encode()


def _converted(body: bytes, is_binary: bool, handling: str | None) -> bytes:
    if is_binary and handling == "CONVERT_TO_TEXT":
        return base64.b64encode(body)
    if not is_binary and handling == "CONVERT_TO_BINARY":
        return _decoded(body)
    return body


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise GatewayError("API_CONFIGURATION_ERROR", reason="The body is not base64") from error


# ---- back to the client


def response(exchange: Exchange, answered: Answered) -> Response:
    """The method's response for the answer of an integration that isn't a proxy.

    Raises:
        GatewayError: no integration response fits, or the method doesn't declare its status.
    """
    integration_response = _integration_response(
        exchange.integration.get("integrationResponses") or {}, answered.selector
    )
    if integration_response["statusCode"] not in (exchange.method.get("methodResponses") or {}):
        reason = f"Output mapping refers to an invalid method response: {integration_response['statusCode']}"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
    headers = _response_headers(exchange, integration_response.get("responseParameters") or {}, answered)
    templates = {key: value for key, value in (integration_response.get("responseTemplates") or {}).items() if value}
    kind, template = _response_template(templates, exchange.request.header("accept"))
    body = _converted_back(exchange, answered, integration_response.get("contentHandling"))
    if template:
        body = exchange.render(template, body.decode("utf-8", "replace")).text.encode()
    elif exchange.integration["type"] == "MOCK":
        body = b""
    override = exchange.response_override
    for name, value in dict(override.get("header") or {}).items():
        headers = [*_without(headers, name), (name, str(value))]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", kind or "application/json"))
    status = int(integration_response["statusCode"])
    status_override = override.get("status")
    if isinstance(status_override, int | str) and str(status_override).isdigit() and 100 <= int(status_override) <= 599:
        status = int(status_override)
    return Response(status, tuple(headers), body)


def _integration_response(responses: Json, selector: str) -> Json:
    default: Json | None = None
    for candidate in responses.values():
        pattern = candidate.get("selectionPattern")
        if not pattern:
            default = default or candidate
            continue
        try:
            if re.fullmatch(pattern, selector):
                return candidate  # type: ignore[no-any-return]
        except re.error as error:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Invalid selection pattern {pattern}") from error
    if default is None:
        reason = "No match for output mapping and no default output mapping configured. Endpoint Response Status Code: "
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason + selector)
    return default


def _response_template(templates: Mapping[str, str], accept: str) -> tuple[str, str]:
    for kind in (accept.split(",")[0].split(";")[0].strip(), "application/json", *templates):
        if kind in templates:
            return kind, templates[kind]
    return "", ""


def _response_headers(exchange: Exchange, parameters: Json, answered: Answered) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for target, source in parameters.items():
        name = target.removeprefix("method.response.header.")
        if source.startswith("integration.response."):
            place, _, source_name = source.removeprefix("integration.response.").partition(".")
            if place == "body":
                text = answered.body.decode("utf-8", "replace")
                values = _from_body(text, source_name, GatewayError("DEFAULT_5XX"))
            else:
                values = [value for key, value in answered.headers if key.lower() == source_name.lower()]
                values = [",".join(values)] if values and place == "multivalueheader" else values[-1:]
        else:
            values = _source(source, exchange)
        headers += [(name, value) for value in values]
    return headers


def _without(headers: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers if key.lower() != name.lower()]


def _converted_back(exchange: Exchange, answered: Answered, handling: str | None) -> bytes:
    """API Gateway Developer Guide, the table of content type conversions of a response."""
    deployment = exchange.stage.deployment
    if not deployment.binary_media_types:
        return answered.body if handling != "CONVERT_TO_BINARY" else _decoded(answered.body)
    is_binary = deployment.is_binary(answered.header("content-type"))
    wants_binary = deployment.is_binary(exchange.request.header("accept"))
    if is_binary:
        as_text = handling == "CONVERT_TO_TEXT" or (not handling and not wants_binary)
        return base64.b64encode(answered.body) if as_text else answered.body
    as_bytes = handling == "CONVERT_TO_BINARY" or (not handling and wants_binary)
    return _decoded(answered.body) if as_bytes else answered.body
