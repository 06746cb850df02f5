"""Seam: what is there already, and what is not there, in a REST API (moto 5.2.5).

Replaced in `APIGatewayResponse`: put_method_response and create_model (moto overwrites what is there; a model may be no
JSON), get_integration (moto answers {} where there is none), delete_authorizer and delete_usage_plan (a crash in moto
for an unknown id): checks, then moto's own.

Messages are AWS's as recorded, but that for a model's schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.apigateway.exceptions import BadRequestException, ConflictException

from serverless_cloud.seams.rest_rules import NotFound, given_to, wrap


def install() -> None:
    """Puts the checks before moto's own operations."""
    wrap(put_method_response, create_model, get_integration, delete_authorizer, delete_usage_plan)


def put_method_response(self: Any, original: Callable[[], Any]) -> Any:
    """Once for each status."""
    _, _, api_id, _, resource_id, _, method, _, status = self.path.split("/")[:9]
    if self.backend.get_method(api_id, resource_id, method).get_response(status) is not None:
        raise ConflictException("Response already exists for this resource")
    return original()


def create_model(self: Any, original: Callable[[], Any]) -> Any:
    """Once for each name, with a schema that is a JSON object."""
    given, api = given_to(self), self.backend.get_rest_api(self.path.split("/")[2])
    if given.get("name") in api.models:
        raise ConflictException("Model name already exists for this REST API")
    try:
        is_object = isinstance(json.loads(given.get("schema") or "{}"), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise BadRequestException("Invalid model specified: the schema has to be a JSON object, as a text")
    return original()


def get_integration(self: Any, original: Callable[[], Any]) -> Any:
    """It must be there."""
    _, _, api_id, _, resource_id, _, method = self.path.split("/")[:7]
    if self.backend.get_method(api_id, resource_id, method).method_integration is None:
        raise NotFound("Invalid Integration identifier specified")
    return original()


def delete_authorizer(self: Any, original: Callable[[], Any]) -> Any:
    """It must be there."""
    _, _, api_id, _, authorizer_id = self.path.split("/")[:5]
    self.backend.get_authorizer(api_id, authorizer_id)
    return original()


def delete_usage_plan(self: Any, original: Callable[[], Any]) -> Any:
    """It must be there."""
    self.backend.get_usage_plan(self.path.split("/")[2])
    return original()
