"""Requests checked against the API's own description: types, required members, allowed values and bounds.

SDKs check some of this themselves, but not all of them, and none of them all of it. The description is botocore's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from serverless_cloud.dynamodb.errors import Refused, constraints
from serverless_cloud.dynamodb.values import check_type

MOST_WRITES, MOST_READS = 25, 100
_JSON: dict[str, type] = {
    "structure": dict, "map": dict, "list": list, "string": str, "integer": int, "boolean": bool
}  # fmt: skip
#: Allowed values in the order of AWS's messages, where the description has another.
_ENUMS = {
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ConditionalOperator": ("OR", "AND"),
    "ComparisonOperator": (
        "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE",
        "CONTAINS",
    ),
}  # fmt: skip
#: Values that other code checks, and bounds with their own messages.
_VALUE, _OWN_BOUNDS = "AttributeValue", ("KeyList", "WriteRequests", "BatchGetRequestMap", "BatchWriteItemRequestMap")
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_ARN = re.compile(r"arn:[a-z-]+:dynamodb:[^:]*:\d*:table/([a-zA-Z0-9_.-]+)(?:/.*)?")


def check(shape: Any, request: Any) -> None:
    """Raises unless a request is as the API's description says.

    Args:
        shape: botocore's shape of the operation's input.

    Raises:
        Refused: with all violations, or with the first value of a wrong type.
    """
    if found := list(_violations(shape, request, "")):
        raise constraints(found)


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    check_type(value, _JSON[kind])
    if kind == "structure":
        prefix = f"{path}." if path else ""
        for name in shape.members:
            if name in shape.required_members and value.get(name) is None:
                path = f"{prefix}{name[0].lower()}{name[1:]}"
                yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
        for name, content in value.items():
            member = shape.members.get(name)
            if member is not None and content is not None and member.name != _VALUE:
                yield from _violations(member, content, f"{prefix}{name[0].lower()}{name[1:]}")
    elif kind == "string":
        yield from table_name(value, path) if shape.name == "TableArn" else _of_text(shape, value, path)
    elif kind == "integer":
        yield from _bounds(value, value, path, "value", shape)
    elif kind in ("map", "list"):
        if shape.name not in _OWN_BOUNDS:
            yield from _bounds(len(value), value, path, "length", shape)
        inner = shape.value if kind == "map" else shape.member
        if inner.name != _VALUE:
            for key, content in value.items() if kind == "map" else enumerate(value, 1):
                yield from _violations(inner, content, f"{path}.{key}.member")


def _of_text(shape: Any, value: str, path: str) -> Iterator[str]:
    allowed = _ENUMS.get(shape.name) or shape.enum
    if allowed and value not in allowed:
        yield _says(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    if shape.name == "IndexName" and _NAME.fullmatch(value) is None:
        yield _says(value, path, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    yield from _bounds(len(value), value, path, "length", shape)


def table_name(name: str, path: str) -> Iterator[str]:
    """The violations of a table's name or ARN."""
    if _ARN.fullmatch(name):
        return
    if not name:
        yield _says(name, path, "Member must have length greater than or equal to 1")
        return
    if _NAME.fullmatch(name) is None:
        yield _says(name, path, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    if len(name) < 3:
        yield _says(name, path, "Member must have length greater than or equal to 3")
    if len(name) > 255:
        yield _says(name, path, "Member must have length less than or equal to 255")


def _bounds(size: int, value: Any, path: str, what: str, shape: Any) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _says(_java(value), path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _says(_java(value), path, f"Member must have {what} less than or equal to {most}")


def _says(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _java(value: Any) -> str:
    """A structure as AWS's messages show it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}={_java(each)}' for name, each in value.items())}}}"
    return f"[{', '.join(map(_java, value))}]" if isinstance(value, list) else str(value)


def bare_name(name: str) -> str:
    """The name of a table that a request gives by its name or its ARN."""
    found = _ARN.fullmatch(name)
    return found[1] if found else name


def check_batch_write(items: Mapping[str, list[Any]]) -> None:
    """Raises unless BatchWriteItem has from 1 to 25 writes, each of one kind."""
    if not items:
        raise Refused("The requestItems parameter is required for BatchWriteItem")
    violations = [each for name in items for each in table_name(name, "requestItems.key")]
    if any(not 1 <= len(writes) <= MOST_WRITES for writes in items.values()):
        constraint = (
            f"Map value must satisfy constraint: [Member must have length less than or equal to {MOST_WRITES}, "
            "Member must have length greater than or equal to 1]"
        )
        violations.append(_says(_java(items), "requestItems", constraint))
    if violations:
        raise constraints(violations)
    if sum(map(len, items.values())) > MOST_WRITES:
        raise Refused("Too many items requested for the BatchWriteItem call")
    for write in (write for writes in items.values() for write in writes):
        if (write.get("PutRequest") is None) == (write.get("DeleteRequest") is None):
            raise Refused(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
            )


def check_batch_get(items: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises unless BatchGetItem asks for 1 to 100 items."""
    limits = {"RequestItems": len(items)}
    limits |= {f"RequestItems.{name}.member.Keys": len(wish["Keys"]) for name, wish in items.items()}
    violations = [each for name in items for each in table_name(name, "requestItems.key")]
    for place, size in limits.items():
        if not 1 <= size <= MOST_READS:
            bound = "less than or equal to 100" if size else "greater than or equal to 1"
            violations.append(f"Value at '{place}' failed to satisfy constraint: Member must have length {bound}")
    if violations:
        raise constraints(violations)
    if sum(len(wish["Keys"]) for wish in items.values()) > MOST_READS:
        raise Refused("Too many items requested for the BatchGetItem call")
