"""Requests to DynamoDB's table calls, checked against AWS's description of the API and refused in DynamoDB's words.

moto checks few of the lengths, values and patterns. DynamoDB counts the errors of a request, but not in the order of
the API reference, and with its own few limits. The tables below hold the differences. Nothing of moto is replaced.

Sources: the API reference, and answers of DynamoDB that were published in 2025 and 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.core.utils import get_service_model
from moto.dynamodb.exceptions import MockValidationException, SerializationException

from serverless_cloud.core import constraints

NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_ARN = re.compile(r"arn:([^:]*):dynamodb:([^:]*):([^:]*):table/([^/]+)")
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
_ELSEWHERE = frozenset({"Tag", "TagKeyList", "TableClass"})
#: Names whose lengths the reference doesn't state.
_NAMES = ("tableName", "targetTableName", "sourceTableName")
#: Members of the reference that a request needs, although the reference doesn't say so.
_REQUIRED = {"CreateTableInput": ("AttributeDefinitions", "KeySchema")}
_NUMBERS = ("NUMBER_VALUE", "DECIMAL_VALUE")


def check(operation: str, body: Mapping[str, Any], service: str = "dynamodb") -> None:
    """Raises unless a request is as the API reference says.

    Raises:
        MockValidationException: Members are missing, too short, too long, of another pattern or not allowed.
        SerializationException: A text is another kind of JSON.
    """
    shape = get_service_model(service).operation_model(operation).input_shape
    if "TableName" in shape.required_members and body.get("TableName") is None:
        raise MockValidationException("The parameter 'TableName' is required but was not present in the request")
    if found := constraints.violations(_DIALECT, shape, body)[:_MOST]:
        raise MockValidationException(constraints.sentence(found))


def name_of(table: str, region: str) -> str:
    """The name of a table that may be stated as an ARN.

    Raises:
        MockValidationException: The ARN is of another Region.
    """
    if not table.startswith("arn:"):
        return table
    parts = _ARN.fullmatch(table)
    if parts is None:
        raise MockValidationException(constraints.sentence([f"Invalid resource type in '{table}'"]))
    if parts[2] != region:
        raise MockValidationException(constraints.sentence([f"Invalid AWS region in '{table}'"]))
    return parts[4]


def _mistyped(shape: Any, value: object) -> str:
    if shape.type_name == "string":
        raise SerializationException(_not_a_string(value))
    return ""


def _not_a_string(value: object) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected"
    if isinstance(value, list):
        return "Unrecognized collection type class java.lang.String"
    kind = f"{value}_VALUE".upper() if isinstance(value, bool) else _NUMBERS[isinstance(value, float)]
    return f"{kind} cannot be converted to String"


def _limits(shape: Any, value: Any, path: str) -> tuple[float | None, float | None, str | None]:
    least, most, pattern = constraints.limits_of(shape, value, path)
    if shape.name == "KeySchema" and not path.startswith("global"):
        return least, 2, None
    if path == "sSESpecification.kMSMasterKeyId":
        return 1, None, pattern
    if path not in _NAMES:
        return least, most, pattern
    return (1, 1024, pattern) if value.startswith("arn:") else (3, 255, NAME.pattern)


#: The least and most lengths, and a few needs, are not stated in the reference.
_DIALECT = constraints.Dialect(
    orders=dict.fromkeys(("backupName", "exclusiveStartTableName"), ("pattern", "min", "max", "enum")),
    limits=_limits,
    mistyped=_mistyped,
    enums=_ENUMS,
    first=_FIRST,
    required=_REQUIRED,
    left_out=_ELSEWHERE,
)


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
