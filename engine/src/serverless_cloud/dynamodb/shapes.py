"""The API's description of each request's members, as tables: required, allowed values, bounds.

SDKs check some of this themselves, but not all of them, and none of them all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from serverless_cloud.dynamodb.errors import Refused, constraints
from serverless_cloud.dynamodb.values import check_type

#: Allowed values in the order of AWS's messages.
_ENUMS: dict[str, tuple[str, ...]] = {
    "ReturnConsumedCapacity": ("INDEXES", "TOTAL", "NONE"),
    "ReturnItemCollectionMetrics": ("SIZE", "NONE"),
    "ReturnValues": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "ReturnValuesOnConditionCheckFailure": ("ALL_OLD", "NONE"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    "ConditionalOperator": ("OR", "AND"),
    "ComparisonOperator": (
        "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE",
        "CONTAINS",
    ),
    "Action": ("ADD", "PUT", "DELETE"),
}  # fmt: skip
#: What the members of the parameters that expressions have replaced need.
_LEGACY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("KeyConditions", "QueryFilter", "ScanFilter"), ("ComparisonOperator",)),
    **dict.fromkeys(("Expected", "AttributeUpdates"), ()),
}
#: The least and the most of numbers.
_NUMBERS: dict[str, tuple[int, int | None]] = {
    "Limit": (1, None), "Segment": (0, 999_999), "TotalSegments": (1, 1_000_000)
}  # fmt: skip
#: The least and the most of members of a list or characters of a text.
_LENGTHS: dict[str, tuple[int, int | None]] = {
    "AttributesToGet": (1, None), "IndexName": (3, 255), "ClientRequestToken": (1, 36), "Statement": (1, 8192),
}  # fmt: skip
_KEYED = ("TableName", "Key")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "get_item": _KEYED, "put_item": ("TableName", "Item"), "update_item": _KEYED, "delete_item": _KEYED,
    "query": ("TableName",), "scan": ("TableName",), "batch_get_item": ("RequestItems",),
    "batch_write_item": ("RequestItems",), "transact_get_items": ("TransactItems",),
    "transact_write_items": ("TransactItems",), "execute_statement": ("Statement",),
    "batch_execute_statement": ("Statements",), "execute_transaction": ("TransactStatements",),
}  # fmt: skip
_IN_TRANSACTIONS: dict[str, tuple[str, ...]] = {
    "Get": _KEYED, "Put": ("TableName", "Item"), "Update": (*_KEYED, "UpdateExpression"), "Delete": _KEYED,
    "ConditionCheck": (*_KEYED, "ConditionExpression"),
}  # fmt: skip
#: What JSON has for some members.
_TYPES: dict[str, type] = {
    **dict.fromkeys(
        ("Key", "Item", "Expected", "ExpressionAttributeNames", "ExpressionAttributeValues", "AttributeUpdates",
         "KeyConditions", "QueryFilter", "ScanFilter", "ExclusiveStartKey", "RequestItems"), dict),
    **dict.fromkeys(
        ("AttributesToGet", "TransactItems", "Statements", "TransactStatements", "Parameters"), list),
    **dict.fromkeys(("TableName", "IndexName", "Statement"), str),
    **dict.fromkeys(("Limit", "Segment", "TotalSegments"), int),
    **dict.fromkeys(("ConsistentRead", "ScanIndexForward"), bool),
    **dict.fromkeys(("Get", "Put", "Update", "Delete", "ConditionCheck"), dict),
}  # fmt: skip
_MOST_ACTIONS = {"TransactItems": 100, "TransactStatements": 100, "Statements": 25}
MOST_WRITES, MOST_READS = 25, 100
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_ARN = re.compile(r"arn:[a-z-]+:dynamodb:[^:]*:\d*:table/([a-zA-Z0-9_.-]+)(?:/.*)?")


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Raises unless a request is as the API's description says.

    Args:
        operation: moto's name, "get_item".

    Raises:
        Refused: with all violations.
    """
    found = list(_of_members(request, _REQUIRED[operation], ""))
    for name, most in _MOST_ACTIONS.items():
        actions = request.get(name)
        if actions is not None:
            found += _of_length(name, actions, f"{name[0].lower()}{name[1:]}", (1, most))
    for number, action in enumerate(request.get("TransactItems") or (), 1):
        check_type(action, dict)
        for kind, required in _IN_TRANSACTIONS.items():
            if action.get(kind) is not None:
                place = f"transactItems.{number}.member.{kind[0].lower()}{kind[1:]}."
                found += _of_members(action[kind], required, place)
    if found:
        raise constraints(found)


def _of_members(request: Mapping[str, Any], required: tuple[str, ...], place: str) -> Iterator[str]:
    for name in required:
        if request.get(name) is None:
            path = f"{place}{name[0].lower()}{name[1:]}"
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    for name, value in request.items():
        if value is None:
            continue
        if name in _TYPES:
            check_type(value, _TYPES[name])
        path = f"{place}{name[0].lower()}{name[1:]}"
        if name == "TableName":
            yield from table_name(value, path)
        elif name in _ENUMS:
            if value not in _ENUMS[name]:
                yield _says(value, path, f"Member must satisfy enum value set: [{', '.join(_ENUMS[name])}]")
        elif name in _LEGACY:
            for key, member in value.items():
                yield from _of_members(member, _LEGACY[name], f"{path}.{key}.member.")
        elif name in _NUMBERS:
            yield from _bounds(value, value, path, "value", _NUMBERS[name])
        elif name in _LENGTHS:
            yield from _of_length(name, value, path, _LENGTHS[name])


def _of_length(name: str, value: Any, path: str, bounds: tuple[int, int | None]) -> Iterator[str]:
    shown = value if isinstance(value, str) else f"[{', '.join(map(_java, value))}]"
    yield from _bounds(len(value), shown, path, "length", bounds)
    if name == "IndexName" and _NAME.fullmatch(value) is None:
        yield _says(value, path, f"Member must satisfy regular expression pattern: {_NAME.pattern}")


def table_name(name: str, path: str) -> Iterator[str]:
    """The violations of a table's name or ARN."""
    if _ARN.fullmatch(name):
        return
    if not name:
        yield _says(name, path, "Member must have length greater than or equal to 1")
        return
    if _NAME.fullmatch(name) is None:
        yield _says(name, path, f"Member must satisfy regular expression pattern: {_NAME.pattern}")
    yield from _bounds(len(name), name, path, "length", (3, 255))


def _bounds(size: int, value: Any, path: str, what: str, bounds: tuple[int, int | None]) -> Iterator[str]:
    least, most = bounds
    if size < least:
        yield _says(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _says(value, path, f"Member must have {what} less than or equal to {most}")


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
    for name, writes in items.items():
        for number, write in enumerate(writes, 1):
            for kind, member in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
                if write.get(kind) is not None:
                    place = f"requestItems.{name}.member.{number}.member.{kind[0].lower()}{kind[1:]}."
                    violations += _of_members(write[kind], (member,), place)
    if violations:
        raise constraints(violations)
    if sum(map(len, items.values())) > MOST_WRITES:
        raise Refused("Too many items requested for the BatchWriteItem call")
    for write in (write for writes in items.values() for write in writes):
        if len([kind for kind, content in write.items() if content is not None]) != 1:
            raise Refused(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
            )


def check_batch_get(items: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises unless BatchGetItem asks for 1 to 100 items."""
    if not items:
        raise constraints([
            "Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ])  # fmt: skip
    violations = [each for name in items for each in table_name(name, "requestItems.key")]
    for name, wish in items.items():
        place, keys = f"RequestItems.{name}.member.Keys", wish.get("Keys")
        if keys is None:
            violations.append(
                f"Value null at 'requestItems.{name}.member.keys' failed to satisfy constraint: Member must not be null"
            )
        elif not 1 <= len(keys) <= MOST_READS:
            bound = f"greater than or equal to {1}" if not keys else f"less than or equal to {MOST_READS}"
            violations.append(f"Value at '{place}' failed to satisfy constraint: Member must have length {bound}")
    if violations:
        raise constraints(violations)
    if sum(len(wish["Keys"]) for wish in items.values()) > MOST_READS:
        raise Refused("Too many items requested for the BatchGetItem call")
