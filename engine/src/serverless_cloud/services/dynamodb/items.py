"""Where moto hands over what reads and writes items.

moto evaluates expressions on its own objects, passes over most of what DynamoDB checks, and words other errors
differently; a condition's evaluation alone took most of a query's time. So the local cloud answers these calls itself
and leaves the tables where they are.

The patches and their reasons:

- `DynamoHandler`, the calls in `ITEM_CALLS`: answered here, one at a time, because two threads that add to one counter
  must not lose an addition.
- `DynamoHandler.parse_parameters`: for these calls the request's JSON is all that is needed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from moto.core.request import Request
from moto.core.utils import get_service_model
from moto.dynamodb.exceptions import SerializationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.dynamodb import shapes
from serverless_cloud.dynamodb.errors import DynamoDbError
from serverless_cloud.services.dynamodb import reading, streams, writing

patches = Service("dynamodb")

_Answer = Callable[[DynamoDBBackend, JsonObject], JsonObject]
#: The calls that read or write items, by the method of `DynamoHandler`.
ITEM_CALLS: dict[str, _Answer] = {
    "get_item": reading.get_item,
    "query": reading.query,
    "scan": reading.scan,
    "batch_get_item": reading.batch_get_item,
    "transact_get_items": reading.transact_get_items,
    "put_item": writing.put_item,
    "update_item": writing.update_item,
    "delete_item": writing.delete_item,
    "batch_write_item": writing.batch_write_item,
    "transact_write_items": writing.transact_write_items,
}
_OPERATIONS = {name: name.title().replace("_", "") for name in ITEM_CALLS}
#: The calls whose errors AWS puts into an envelope.
_ENVELOPED = ("put_item", "update_item", "delete_item")
_CONTENT_TYPE = {"Content-Type": "application/x-amz-json-1.0"}
_PREFIXES = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
}


@functools.cache
def _input(name: str) -> Any:
    """The description of a call's input; moto has read it for the tables' calls already."""
    return get_service_model("dynamodb").operation_model(_OPERATIONS[name]).input_shape


@patches.replaces("moto.dynamodb.responses:DynamoHandler.parse_parameters")
def parse_parameters(handler: DynamoHandler, request: Request) -> None:
    try:
        handler.params = json.loads(request.data or b"{}")
    except ValueError:  # the answer to a call about items says so
        handler.params = None
    if handler._get_action() in _OPERATIONS.values():
        return
    if handler.params is None:
        raise SerializationException("")
    parse_parameters.original(handler, request)


@patches.replaces_each("moto.dynamodb.responses:DynamoHandler", tuple(ITEM_CALLS), expects="self")
def answer(patch: Patch[..., Any], handler: DynamoHandler, /) -> tuple[int, dict[str, Any], str]:
    name, request = patch.name, handler.body
    try:
        if request is None:
            raise DynamoDbError("", "SerializationException")
        shapes.check(_input(name), request)
        with streams.writing():
            result = ITEM_CALLS[name](handler.dynamodb_backend, request)
        return 200, {"status": 200, **_CONTENT_TYPE}, json.dumps(result)
    except DynamoDbError as refused:
        error = refused.in_envelope() if name in _ENVELOPED else refused
        prefix = _PREFIXES.get(error.code, "com.amazonaws.dynamodb.v20120810#")
        body = {"__type": prefix + error.code, "message": error.message, **error.members}
        return 400, {"status": 400, **_CONTENT_TYPE}, json.dumps(body)
