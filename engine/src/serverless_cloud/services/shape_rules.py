"""Requests checked against AWS's own description of an API, which botocore brings along. Nothing of moto is replaced.

moto checks few of the lengths, values and patterns that the API references state. `answer_to_invalid` checks a whole
request before moto sees it, for a service whose patch of `call_action` calls it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import botocore.session

from serverless_cloud.once import once
from serverless_cloud.refusals import Refusal

MOST_SHOWN = 8_192  # characters of a value in a message
#: How messages show a pattern. The newer services write it from ^ to $, the others as the API reference has it.
_PATTERNS = {"scheduler": "^{}$", "pipes": "^{}$"}
#: Java's classes of characters, as Python writes them.
_JAVA = {r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d"}


class ValidationException(Refusal):
    """A request that is not as the API reference says, in AWS's words."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def answer_to_invalid(service: str, responder: Any) -> tuple[int, dict[str, Any], str] | None:
    """The answer to a request that isn't as the API reference says: status, headers, body. None if it is.

    Args:
        service: boto3's name, "events".
        responder: a response object of moto, with its request.
    """
    operation = responder._get_action()
    if operation not in _model(service).operation_names:
        return None
    try:
        require_shape(service, operation, asked(service, operation, responder))
    except ValidationException as refusal:
        return refusal.code or 400, dict(refusal.get_headers()), refusal.get_body()
    except ValueError as error:  # the body is not JSON
        refused = Refusal("SerializationException", str(error))
        return 400, dict(refused.get_headers()), refused.get_body()
    return None


def require_shape(service: str, operation: str, given: Mapping[str, Any]) -> None:
    """Raises unless a request is as the API reference says.

    Args:
        service: boto3's name, "scheduler".
        operation: "CreateSchedule".
        given: all parameters, including the path's.

    Raises:
        ValidationException: one or more parameters are missing, too short, too long, of another pattern or not allowed.
    """
    found = list(_violations(_input(service, operation), given, "", _PATTERNS.get(service, "{}")))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise ValidationException(f"{count}: {'; '.join(found)}")


def asked(service: str, operation: str, responder: Any) -> dict[str, Any]:
    """The parameters of a request to moto, by their names in the API reference: of its path, its query and its JSON.

    Raises:
        ValueError: the body is not JSON.
    """
    given: dict[str, Any] = json.loads(responder.body or "{}")
    for name, member in _input(service, operation).members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri":
            given[name] = unquote(responder.uri_match[key])
        elif place == "querystring" and (texts := responder.querystring.get(key)):
            given[name] = texts if member.type_name == "list" else _typed(member, texts[0])
    return given


def asked_by_path(responder: Any) -> dict[str, Any]:
    """The request to a response object of moto: its JSON, and the Name that its path ends with."""
    given: dict[str, Any] = json.loads(responder.body or "{}")
    return {"Name": unquote(responder.uri.split("?")[0].split("/")[-1])} | given


def _typed(shape: Any, text: str) -> Any:
    return int(text) if shape.type_name == "integer" and text.lstrip("-").isdigit() else text


@once()
def _model(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)


@once()
def _input(service: str, operation: str) -> Any:
    return _model(service).operation_model(operation).input_shape


def _violations(shape: Any, value: Any, path: str, form: str) -> Iterator[str]:
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "integer": int, "boolean": bool}
    expected = kinds.get(shape.type_name)
    if expected is not None and (not isinstance(value, expected) or (expected is int and isinstance(value, bool))):
        yield _says(shape, value, path, f"Member must be of the type {shape.type_name}")
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            inner = f"{path}.{_small(name)}" if path else _small(name)
            if value.get(name) is not None:
                yield from _violations(member, value[name], inner, form)
            elif name in shape.required_members:
                yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"
    elif shape.type_name == "list":
        yield from _bounds(shape, len(value), value, path, "length")
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member", form)
    elif shape.type_name == "string":
        yield from _text(shape, value, path, form)
    elif shape.type_name == "integer":
        yield from _bounds(shape, value, value, path, "value")


def _text(shape: Any, value: str, path: str, form: str) -> Iterator[str]:
    yield from _bounds(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _fits(pattern, value):
        shown = pattern if pattern.startswith("^") else form.format(pattern)
        yield _says(shape, value, path, f"Member must satisfy regular expression pattern: {shown}")
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield _says(shape, value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _fits(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern; None if only Java understands it."""
    text = r"[\x00-\x7f]*" if pattern == r"\p{ASCII}*" else pattern
    for java, python in _JAVA.items():
        text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:
        return None


def _bounds(shape: Any, size: int, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _says(shape, value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _says(shape, value, path, f"Member must have {what} less than or equal to {most}")


def _says(shape: Any, value: Any, path: str, constraint: str) -> str:
    text = _shown(shape, value)
    text = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
    return f"Value '{text}' at '{path}' failed to satisfy constraint: {constraint}"


def _shown(shape: Any, value: Any) -> str:
    """A value as Java shows it: [a, b], and PutEventsRequestEntry(time=null, source=hikari.shop, ...)."""
    if value is None:
        return "null"
    if shape.type_name == "list" and isinstance(value, list):
        return f"[{', '.join(_shown(shape.member, item) for item in value)}]"
    if shape.type_name == "structure" and isinstance(value, dict):
        fields = (f"{_small(name)}={_shown(member, value.get(name))}" for name, member in shape.members.items())
        return f"{shape.name}({', '.join(fields)})"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
