"""Requests checked against the API's own description: types, required members, allowed values and bounds.

Some SDKs check parts of this themselves. The description is botocore's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import StringShape

from serverless_cloud.core import constraints
from serverless_cloud.core.refusals import INSTEAD, NotHonoured
from serverless_cloud.dynamodb.errors import DynamoDbError
from serverless_cloud.dynamodb.values import check_type

MOST_WRITES, MOST_READS = 25, 100
_JSON: dict[str, type] = {
    "structure": dict, "map": dict, "list": list, "string": str, "integer": int, "boolean": bool
}  # fmt: skip
#: Allowed values in the order of AWS's messages, where the description has another.
_ENUMS = {
    "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
}  # fmt: skip
#: Parameters that expressions have replaced.
_OLD = (
    "AttributesToGet", "ScanFilter", "QueryFilter", "KeyConditions", "AttributeUpdates", "Expected",
    "ConditionalOperator",
)  # fmt: skip
#: Bounds with their own messages.
_OWN_BOUNDS = ("KeyList", "WriteRequests", "BatchGetRequestMap", "BatchWriteItemRequestMap")
_NAME = r"[a-zA-Z0-9_.-]+"
_TABLE = StringShape("TableArn", {"type": "string", "min": 1})
_ARN = re.compile(r"arn:[a-z-]+:dynamodb:[^:]*:\d*:table/([a-zA-Z0-9_.-]+)(?:/.*)?")


def check(shape: Any, request: Any) -> None:
    """Raises unless a request is as the API's description says.

    Args:
        shape: botocore's shape of the operation's input.

    Raises:
        DynamoDbError: with all violations, or with the first value of a wrong type.
    """
    if violations := constraints.violations(_DIALECT, shape, request):
        raise DynamoDbError(constraints.sentence(violations))


def refuse_old(request: Mapping[str, Any]) -> None:
    """Raises NotHonoured if a request, or its part about one table, has a parameter that an expression has replaced."""
    for name in _OLD:
        if request.get(name) is not None:
            raise NotHonoured(name, INSTEAD.format("{}", "Use an expression."))


def _mistyped(shape: Any, value: Any) -> str:
    check_type(value, _JSON[shape.type_name])
    return ""


def _limits(shape: Any, value: Any, path: str) -> tuple[float | None, float | None, str | None]:
    if shape.name == "TableArn" and value:
        return (None, None, None) if _ARN.fullmatch(value) else (3, 255, _NAME)
    return (None, None, None) if shape.name in _OWN_BOUNDS else constraints.limits_of(shape, value, path)


def _java(shape: Any, value: Any) -> str:
    """A structure as AWS's messages show it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}={_java(shape, element)}' for name, element in value.items())}}}"
    return f"[{', '.join(_java(shape, element) for element in value)}]" if isinstance(value, list) else str(value)


_DIALECT = constraints.Dialect(
    order=("enum", "pattern", "min", "max"),
    as_sent=True,
    text_of=_java,
    limits=_limits,
    mistyped=_mistyped,
    enums=_ENUMS,
    left_out=frozenset({"AttributeValue"}),  # other code checks them
    maps="values",
)


def table_name(name: str) -> list[str]:
    """The violations of a table's name or ARN that is the key of a batch."""
    return constraints.violations(_DIALECT, _TABLE, name, "requestItems.key")


def bare_name(name: str) -> str:
    """The name of a table that a request gives by its name or its ARN."""
    match = _ARN.fullmatch(name)
    return match[1] if match else name


def check_batch_write(items: Mapping[str, list[Any]]) -> None:
    """Raises unless BatchWriteItem has from 1 to 25 writes, each of one kind."""
    if not items:
        raise DynamoDbError("The requestItems parameter is required for BatchWriteItem")
    violations = [violation for name in items for violation in table_name(name)]
    if any(not 1 <= len(writes) <= MOST_WRITES for writes in items.values()):
        constraint = (
            f"Map value must satisfy constraint: [Member must have length less than or equal to {MOST_WRITES}, "
            "Member must have length greater than or equal to 1]"
        )
        violations.append(constraints.violation("requestItems", constraint, _java(None, items)))
    if violations:
        raise DynamoDbError(constraints.sentence(violations))
    if sum(map(len, items.values())) > MOST_WRITES:
        raise DynamoDbError("Too many items requested for the BatchWriteItem call")
    for write in (write for writes in items.values() for write in writes):
        if (write.get("PutRequest") is None) == (write.get("DeleteRequest") is None):
            raise DynamoDbError(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
            )


def check_batch_get(items: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises unless BatchGetItem asks for 1 to 100 items."""
    limits = {"RequestItems": len(items)}
    limits |= {f"RequestItems.{name}.member.Keys": len(wish["Keys"]) for name, wish in items.items()}
    violations = [violation for name in items for violation in table_name(name)]
    for place, size in limits.items():
        if not 1 <= size <= MOST_READS:
            bound = "less than or equal to 100" if size else "greater than or equal to 1"
            violations.append(constraints.violation(place, f"Member must have length {bound}"))
    if violations:
        raise DynamoDbError(constraints.sentence(violations))
    if sum(len(wish["Keys"]) for wish in items.values()) > MOST_READS:
        raise DynamoDbError("Too many items requested for the BatchGetItem call")
