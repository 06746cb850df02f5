"""Finds JSON of wrong types in any service's request, and missing members that models wrongly call optional. No moto.

The lengths, values and patterns of the model are checked in `core/constraints.py`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from serverless_cloud.core.constraints import small

_NUMBERS = {"integer": "Integer", "long": "Long", "float": "Float", "double": "Double", "timestamp": "Timestamp",
            "short": "Short", "byte": "Byte", "bigdecimal": "BigDecimal"}  # fmt: skip
_WHOLE = ("integer", "long", "short", "byte")


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


def places_without(shape: Any, value: Any, name: str, path: str = "") -> Iterator[str]:
    """The places of inner structures of a request that lack a member, which many models wrongly call optional.

    Args:
        name: of the member, as in the model or as it is sent.
    """
    if shape.type_name == "structure" and isinstance(value, dict):
        for own, member in shape.members.items():
            inner = f"{path}.{small(own)}" if path else small(own)
            if value.get(own) is not None:
                yield from places_without(member, value[own], name, inner)
            elif path and name in (own, member.serialization.get("name")):
                yield inner
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from places_without(shape.member, item, name, f"{path}.{number}.member")
