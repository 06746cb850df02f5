"""Request validators: required parameters, and bodies against models (JSON Schema draft 4).

Source: API Gateway Developer Guide, "Use request validation for REST APIs in API Gateway".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError

from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError

_MODEL_URL = re.compile(r"^https://apigateway\.amazonaws\.com/restapis/[^/]+/models/([A-Za-z0-9]+)$")


def validate(exchange: Exchange) -> None:
    """Checks a request with the validator of its method.

    Raises:
        GatewayError: 400, what is missing or wrong.
    """
    validator = exchange.stage.deployment.validators.get(str(exchange.method.get("requestValidatorId") or ""))
    if validator is None:
        return
    if validator.get("validateRequestParameters") and (missing := _missing(exchange)):
        raise GatewayError("BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]")
    if validator.get("validateRequestBody"):
        _validate_body(exchange)


def _missing(exchange: Exchange) -> list[str]:
    parameters = exchange.parameters
    headers = {name.lower() for name in parameters["header"]}
    names = []
    for target, required in sorted((exchange.method.get("requestParameters") or {}).items()):
        place, _, name = target.removeprefix("method.request.").partition(".")
        there = name.lower() in headers if place == "header" else parameters.get(place, {}).get(name)
        if required and not there:
            names.append(name)
    return names


def _validate_body(exchange: Exchange) -> None:
    models = exchange.method.get("requestModels") or {}
    kind = exchange.request.header("content-type", "application/json").split(";")[0].strip()
    name = models.get(kind) or models.get("$default")
    if name is None or name == "Empty":
        return
    schemas = exchange.stage.deployment.models
    if name not in schemas:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"the API has no model {name}")
    try:
        body = json.loads(exchange.request.body or b"{}")
    except ValueError as error:
        raise GatewayError("BAD_REQUEST_BODY") from error
    try:
        errors = list(Draft4Validator(_resolved(schemas[name], schemas)).iter_errors(body))
    except (SchemaError, ValueError, RecursionError) as error:
        raise GatewayError(
            "API_CONFIGURATION_ERROR", reason=f"the model {name} is not a valid schema: {error}"
        ) from error
    if errors:
        raise GatewayError("BAD_REQUEST_BODY")


def _resolved(schema: str, schemas: Mapping[str, str]) -> Any:
    """A model's schema, in which references to other models of the API are replaced by these."""

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        match = _MODEL_URL.match(part["$ref"]) if isinstance(part.get("$ref"), str) else None
        if match and match.group(1) in schemas:
            return resolved(json.loads(schemas[match.group(1)]))
        return {name: resolved(value) for name, value in part.items()}

    return resolved(json.loads(schema))
