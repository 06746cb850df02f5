"""Compares a request with the model of its API, and says in AWS's words where they differ.

`serialization_problem` looks at the JSON as it came, `violations` at its parameters, once they are read. No moto.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

NULL = "Value null at '{}' failed to satisfy constraint: Member must not be null"
MOST_SHOWN = 256  # characters of a value in a message

_NUMBERS = {"integer": "Integer", "long": "Long", "float": "Float", "double": "Double", "timestamp": "Timestamp",
            "short": "Short", "byte": "Byte", "bigdecimal": "BigDecimal"}  # fmt: skip
_WHOLE = ("integer", "long", "short", "byte")
_SIZED = ("string", "list", "map", "blob")


def serialization_problem(shape: Any, value: Any) -> str:
    """Why AWS can't read the JSON as parameters of the shape; "" if it can."""
    return next(_unreadable(shape, value), "")


def _unreadable(shape: Any, value: Any) -> Iterator[str]:
    kind = shape.type_name
    if value is None or getattr(shape, "is_document_type", False) or shape.serialization.get("jsonvalue"):
        return
    if kind in ("structure", "map"):
        if not isinstance(value, dict):
            yield _unexpected(value, "Structure" if kind == "structure" else "Map")
            return
        for inner, item in _inside(shape, value):
            yield from _unreadable(inner, item)
    elif kind == "list":
        if not isinstance(value, list):
            yield _unexpected(value, "List")
            return
        for item in value:
            yield from _unreadable(shape.member, item)
    elif not _is_scalar(shape, value):
        yield _unexpected(value, _NUMBERS.get(kind, kind.capitalize()))
    elif kind == "blob" and not _is_base64(value):
        yield "Invalid Base64 string in a binary value"


def _inside(shape: Any, value: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    if shape.type_name == "map":
        yield from ((shape.value, item) for item in value.values())
        return
    for name, member in shape.members.items():
        serialized = member.serialization
        if "location" not in serialized:
            yield member, value.get(serialized.get("name", name))


def _is_scalar(shape: Any, value: Any) -> bool:
    kind, is_number = shape.type_name, isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _WHOLE:
        return is_number and float(value).is_integer()
    if kind == "timestamp":
        return is_number or isinstance(value, str)
    if kind in _NUMBERS:
        return is_number or value in ("NaN", "Infinity", "-Infinity")
    return isinstance(value, str)


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _unexpected(value: Any, wanted: str) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    names = {str: "STRING_VALUE", bool: f"{str(value).upper()}_VALUE"}
    return f"{names.get(type(value), 'NUMBER_VALUE')} cannot be converted to {wanted}"


def violations(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Each constraint of the model that the parameters fail, as a part of AWS's sentence.

    Args:
        value: the parameters by the names of the model; a type that doesn't fit is not looked into.
        path: where in the request it is.
    """
    kind = shape.type_name
    if kind in _SIZED and isinstance(value, (str, bytes, list, dict)):
        yield from _bounds(shape, len(value), value, path, "length")
    if kind == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            inner = f"{path}.{_lower(name)}" if path else _lower(name)
            if value.get(name) is not None:
                yield from violations(member, value[name], inner)
            elif name in shape.required_members:
                yield NULL.format(inner)
    elif kind == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _each(shape.member, item, f"{path}.{number}.member")
    elif kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from _each(shape.value, item, f"{path}.{key}.member")
    elif kind == "string" and isinstance(value, str):
        yield from _text(shape, value, path)
    elif kind in _NUMBERS and isinstance(value, (int, float)):
        yield from _bounds(shape, value, value, path, "value")


def _each(shape: Any, value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield NULL.format(path)
    else:
        yield from violations(shape, value, path)


def without(shape: Any, value: Any, name: str, path: str = "") -> Iterator[str]:
    """Where inner structures of a request lack a member, which many models wrongly call optional.

    Args:
        name: of the member, as in the model or as it is sent.
    """
    if shape.type_name == "structure" and isinstance(value, dict):
        for own, member in shape.members.items():
            inner = f"{path}.{_lower(own)}" if path else _lower(own)
            if value.get(own) is not None:
                yield from without(member, value[own], name, inner)
            elif path and name in (own, member.serialization.get("name")):
                yield inner
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from without(shape.member, item, name, f"{path}.{number}.member")


def sentence(problems: Iterable[str]) -> str:
    """AWS's sentence about all of them."""
    texts = list(problems)
    return f"{len(texts)} validation error{'s' if len(texts) > 1 else ''} detected: {'; '.join(texts)}"


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern and not fits(pattern, value):
        yield _says(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield _says(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value matches a pattern of the model; True for a pattern that Python can't read."""
    return (compiled := _compiled(pattern)) is None or compiled.search(value) is not None


@functools.lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern for a whole value; None for one that Python doesn't read as Java does."""
    try:
        return re.compile(rf"\A(?:{pattern})\Z")
    except re.error:
        return None


def _bounds(shape: Any, size: float, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _says(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _says(value, path, f"Member must have {what} less than or equal to {most}")


def _says(value: Any, path: str, constraint: str) -> str:
    text = str(value)
    text = text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
    return f"Value '{text}' at '{path}' failed to satisfy constraint: {constraint}"
