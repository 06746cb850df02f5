"""Requests to DynamoDB's table calls, checked against AWS's description of the API and refused in DynamoDB's words.

moto checks few of the lengths, values and patterns. DynamoDB counts the errors of a request, but not in the order of
the API reference, and with its own few limits. The tables below hold the differences. Nothing of moto is replaced.

Sources: the API reference, and answers of DynamoDB that were published in 2025 and 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.core.utils import get_service_model
from moto.dynamodb.exceptions import MockValidationException, SerializationException

NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_ARN = re.compile(r"arn:([^:]*):dynamodb:([^:]*):([^:]*):table/([^/]+)")
_REGULAR = "Member must satisfy regular expression pattern: "
_MOST = 10  # errors in one message

#: The values of an enumeration in DynamoDB's order, where it isn't the reference's.
_ENUMS = {
    "ScalarAttributeType": ("B", "N", "S"),
    "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
    "StreamViewType": ("OLD_IMAGE", "KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE"),
}
#: Members that DynamoDB checks first, by structure.
_FIRST = {
    "AttributeDefinition": ("AttributeType", "AttributeName"),
    "ProvisionedThroughput": ("WriteCapacityUnits", "ReadCapacityUnits"),
    "LocalSecondaryIndex": ("Projection", "IndexName", "KeySchema"),
}
#: Members that the ordinary check leaves out, because DynamoDB has other words for them.
_ELSEWHERE = {"Tag", "TagKeyList", "TableClass"}
#: Least and most length that the reference doesn't state: a name, and the keys of a table or a local index.
_LENGTHS: dict[str, tuple[int, int | None]] = {
    "tableName": (3, 255),
    "targetTableName": (3, 255),
    "sourceTableName": (3, 255),
    "sSESpecification.kMSMasterKeyId": (1, None),
}
_PATTERN_FIRST = ("backupName", "exclusiveStartTableName")
#: Members of the reference that a request needs, although the reference doesn't say so.
_REQUIRED = {"CreateTable": ("AttributeDefinitions", "KeySchema")}
_NUMBERS = ("NUMBER_VALUE", "DECIMAL_VALUE")
_KINDS = {"structure": dict, "map": dict, "list": list, "string": str}


def check(operation: str, body: Mapping[str, Any], service: str = "dynamodb") -> None:
    """Raises unless a request is as the API reference says.

    Raises:
        MockValidationException: Members are missing, too short, too long, of another pattern or not allowed.
        SerializationException: A text is another kind of JSON.
    """
    shape = get_service_model(service).operation_model(operation).input_shape
    if "TableName" in shape.required_members and body.get("TableName") is None:
        raise MockValidationException("The parameter 'TableName' is required but was not present in the request")
    found = list(_structure(shape, body, "", _REQUIRED.get(operation, ())))[:_MOST]
    if found:
        raise MockValidationException(
            f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"
        )


def name_of(table: str, region: str) -> str:
    """The name of a table that may be stated as an ARN.

    Raises:
        MockValidationException: The ARN is of another Region.
    """
    if not table.startswith("arn:"):
        return table
    parts = _ARN.fullmatch(table)
    if parts is None:
        raise MockValidationException(f"1 validation error detected: Invalid resource type in '{table}'")
    if parts[2] != region:
        raise MockValidationException(f"1 validation error detected: Invalid AWS region in '{table}'")
    return parts[4]


def _structure(shape: Any, value: Mapping[str, Any], path: str, more: Iterable[str] = ()) -> Iterator[str]:
    first = _FIRST.get(shape.name, ())
    for name in (*first, *(other for other in shape.members if other not in first)):
        member, inner = shape.members[name], f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")
        if value.get(name) is not None:
            yield from _value(member, value[name], inner)
        elif name in shape.required_members or name in more:
            yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"


def _value(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind: type[Any] = _KINDS.get(shape.type_name, object)
    if shape.type_name == "string" and not isinstance(value, str):
        raise SerializationException(_not_a_string(value))
    if shape.name in _ELSEWHERE or not isinstance(value, kind):
        return
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
    elif shape.type_name == "list":
        most = 2 if shape.name == "KeySchema" and not path.startswith("global") else shape.metadata.get("max")
        yield from _length(value, path, shape.metadata.get("min"), most, shape)
        for number, item in enumerate(value, 1):
            yield from _value(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and value < least:
            yield _says(value, path, f"Member must have value greater than or equal to {least}")
        if most is not None and value > most:
            yield _says(value, path, f"Member must have value less than or equal to {most}")


def _not_a_string(value: object) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected"
    if isinstance(value, list):
        return "Unrecognized collection type class java.lang.String"
    kind = f"{value}_VALUE".upper() if isinstance(value, bool) else _NUMBERS[isinstance(value, float)]
    return f"{kind} cannot be converted to String"


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    least, most = _LENGTHS.get(path, (shape.metadata.get("min"), shape.metadata.get("max")))
    is_name = path in _LENGTHS and least == 3
    if is_name and value.startswith("arn:"):
        is_name, least, most = False, 1, 1024
    errors = list(_length(value, path, least, most, shape))
    pattern = NAME.pattern if is_name else shape.metadata.get("pattern")
    if pattern and not (NAME if pattern == NAME.pattern else _compiled(pattern)).fullmatch(value):
        errors.insert(0 if path in _PATTERN_FIRST else len(errors), _says(value, path, _REGULAR + pattern))
    yield from errors
    values = _ENUMS.get(shape.name) or getattr(shape, "enum", None)
    if values and value not in values:
        yield _says(value, path, f"Member must satisfy enum value set: [{', '.join(values)}]")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)  # Python keeps what it has compiled; the reference has a handful of patterns


def _length(value: Any, path: str, least: int | None, most: int | None, shape: Any) -> Iterator[str]:
    if least is not None and len(value) < least:
        yield _says(_java(value, shape), path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _says(_java(value, shape), path, f"Member must have length less than or equal to {most}")


def _java(value: Any, shape: Any) -> str:
    """A value as DynamoDB, which is written in Java, prints it."""
    if isinstance(value, list):
        return f"[{', '.join(_java(item, shape.member) for item in value)}]"
    if isinstance(value, dict) and shape.type_name == "structure":
        parts = (
            f"{name[0].lower()}{name[1:]}={_java(value.get(name), member)}" for name, member in shape.members.items()
        )
        return f"{shape.name}({', '.join(parts)})"
    return "null" if value is None else str(value)


def _says(value: object, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def java_order(names: Iterable[str], buckets: int = 0) -> list[str]:
    """Names in the order of a hash table in Java, in which DynamoDB lists attributes.

    Args:
        buckets: The size of the table; 0: the size that Java chooses for so many names.
    """
    names = list(dict.fromkeys(names))
    needed = len(names) + 1 if len(names) < 3 else -(-len(names) * 4 // 3)
    size = buckets or 1 << (needed - 1).bit_length()
    while buckets and len(names) > size * 3 // 4:
        size *= 2
    return sorted(names, key=lambda name: _hash(name) & (size - 1))


def _hash(name: str) -> int:
    value = 0
    for unit in memoryview(name.encode("utf-16-le")).cast("H"):
        value = (value * 31 + unit) & 0xFFFFFFFF
    return value ^ (value >> 16)
