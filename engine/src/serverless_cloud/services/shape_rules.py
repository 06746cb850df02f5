"""Requests checked against AWS's own description of an API, which botocore brings along. Nothing of moto is replaced.

moto checks few of the lengths, values and patterns that the API references of EventBridge, Scheduler and Pipes
state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import botocore.session

from serverless_cloud.once import once
from serverless_cloud.refusals import Refusal
from serverless_cloud.services.model_rules import fits

MOST_SHOWN = 256  # characters of a value in a message


class ValidationException(Refusal):
    """A request that is not as the API reference says, in AWS's words."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def require_shape(service: str, operation: str, given: Mapping[str, Any]) -> None:
    """Raises unless a request is as the API reference says.

    Args:
        service: boto3's name, "scheduler".
        operation: "CreateSchedule".
        given: all parameters, including the path's.

    Raises:
        ValidationException: one or more parameters are missing, too short, too long, of another pattern or not allowed.
    """
    found = list(_violations(_input(service, operation), given, ""))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise ValidationException(f"{count}: {'; '.join(found)}")


def asked_by_path(responder: Any) -> dict[str, Any]:
    """The request to a response object of moto: its JSON, and the Name that its path ends with."""
    given: dict[str, Any] = json.loads(responder.body or "{}")
    return {"Name": unquote(responder.uri.split("?")[0].split("/")[-1])} | given


@once()
def _input(service: str, operation: str) -> Any:
    return botocore.session.Session().get_service_model(service).operation_model(operation).input_shape


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "integer": int, "boolean": bool}
    expected = kinds.get(shape.type_name)
    if expected is not None and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
        yield _says(value, path, f"Member must be of the type {shape.type_name}")
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            inner = f"{path}.{name[0].lower()}{name[1:]}" if path else name[0].lower() + name[1:]
            if value.get(name) is not None:
                yield from _violations(member, value[name], inner)
            elif name in shape.required_members:
                yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"
    elif shape.type_name == "list":
        yield from _bounds(shape, len(value), value, path, "length")
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)
    elif shape.type_name == "integer":
        yield from _bounds(shape, value, value, path, "value")


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _bounds(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not fits(pattern, value):
        yield _says(value, path, f"Member must satisfy regular expression pattern: ^{pattern}$")
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield _says(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _bounds(shape: Any, size: int, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _says(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _says(value, path, f"Member must have {what} less than or equal to {most}")


def _says(value: Any, path: str, constraint: str) -> str:
    value = text if len(text := str(value)) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
