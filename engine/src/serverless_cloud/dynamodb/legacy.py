"""The parameters that expressions have replaced, read into the same trees: Expected, QueryFilter, AttributeUpdates, …

Rules: DynamoDB Developer Guide, "Legacy conditional parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from serverless_cloud.dynamodb.errors import Refused, malformed, parameter
from serverless_cloud.dynamodb.syntax import Action, Call, Literal, Node, Path
from serverless_cloud.dynamodb.values import ORDERED, SETS, TYPES, Value, canonical, kind_of, order

_SCALARS = ("S", "N", "B")
#: Legacy parameters, and the expressions that do the same, in the order in which messages name them.
NON_EXPRESSIONS = (
    "AttributesToGet", "ScanFilter", "QueryFilter", "KeyConditions", "AttributeUpdates", "Expected",
    "ConditionalOperator",
)  # fmt: skip
EXPRESSIONS = (
    "ProjectionExpression", "FilterExpression", "UpdateExpression", "ConditionExpression", "KeyConditionExpression",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A ComparisonOperator. Args: name: in an expression. least, most: how many arguments. types: of an argument."""

    name: str
    least: int = 1
    most: int = 1
    types: tuple[str, ...] = ORDERED
    negated: bool = False


COMPARISONS = {
    "EQ": _Comparison("=", types=tuple(TYPES)),
    "NE": _Comparison("<>", types=tuple(TYPES)),
    "LE": _Comparison("<="),
    "LT": _Comparison("<"),
    "GE": _Comparison(">="),
    "GT": _Comparison(">"),
    "NOT_NULL": _Comparison("attribute_exists", 0, 0),
    "NULL": _Comparison("attribute_not_exists", 0, 0),
    "CONTAINS": _Comparison("contains", types=(*_SCALARS, "BOOL", "NULL")),
    "NOT_CONTAINS": _Comparison("contains", types=(*_SCALARS, "BOOL", "NULL"), negated=True),
    "BEGINS_WITH": _Comparison("begins_with", types=("S", "B")),
    "IN": _Comparison("IN", 1, 100),
    "BETWEEN": _Comparison("BETWEEN", 2, 2),
}
_IN_KEYS = ("EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN")


def check_mixed(request: Mapping[str, Any]) -> None:
    """Raises if a request mixes expressions and legacy parameters, or has nothing but a ConditionalOperator."""
    old = [name for name in NON_EXPRESSIONS if request.get(name) is not None]
    if not old:
        return
    new = [name for name in EXPRESSIONS if request.get(name) is not None]
    if "KeyConditionExpression" not in new:  # KeyConditions go with the other expressions
        old = [name for name in old if name != "KeyConditions"]
    if new and old:
        raise malformed(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(old)}}} Expression parameters: {{{', '.join(new)}}}"
        )
    if request.get("ConditionalOperator") is None:
        return
    conditions = next((request[name] for name in ("QueryFilter", "ScanFilter", "Expected") if request.get(name)), None)
    if conditions is None:
        raise malformed("ConditionalOperator cannot be used without Filter or Expected")
    if len(conditions) < 2:
        raise malformed("ConditionalOperator can only be used when Filter or Expected has two or more elements")


def conditions(given: Mapping[str, Mapping[str, Any]] | None, connection: str | None = None) -> Node | None:
    """The condition that a filter states. Args: connection: ConditionalOperator."""
    nodes = [
        comparison(name, each["ComparisonOperator"], each.get("AttributeValueList"))
        for name, each in (given or {}).items()
    ]
    return _connected(nodes, connection)


def key_conditions(given: Mapping[str, Mapping[str, Any]]) -> Node:
    """KeyConditions as one condition."""
    node = conditions(given)
    for each in given.values():
        if each["ComparisonOperator"] in COMPARISONS.keys() - {*_IN_KEYS}:
            raise Refused("Attempted conditional constraint is not an indexable operation")
    assert node is not None
    return node


def expected(given: Mapping[str, Mapping[str, Any]] | None, connection: str | None = None) -> Node | None:
    """The condition that Expected states."""
    return _connected([_expectation(name, each) for name, each in (given or {}).items()], connection)


def _connected(nodes: list[Node], connection: str | None) -> Node | None:
    word = "OR" if connection == "OR" else "AND"
    return reduce(lambda left, right: Call(word, (left, right)), nodes) if nodes else None


def _wrong(message: str) -> Refused:
    return parameter(message, of_request=True)


def _expectation(name: str, given: Mapping[str, Any]) -> Node:
    value, values, comparison_operator, exists = (
        given.get(part) for part in ("Value", "AttributeValueList", "ComparisonOperator", "Exists")
    )
    if value is not None and values is not None:
        raise _wrong(f"Value and AttributeValueList cannot be used together for Attribute: {name}")
    if comparison_operator is not None:
        if exists is not None:
            raise _wrong(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")
        if COMPARISONS[comparison_operator].least and value is None and values is None:
            raise _wrong(
                f"Value or AttributeValueList must be used with ComparisonOperator: {comparison_operator} for "
                f"Attribute: {name}"
            )
        return comparison(name, comparison_operator, [value] if value is not None else values)
    if values is not None:
        raise _wrong(f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}")
    if exists is False:
        if value is not None:
            raise _wrong(f"Value cannot be used when Exists is false for Attribute: {name}")
        return Call("attribute_not_exists", (Path((name,)),))
    if value is None:
        state = "null" if exists is None else "true"
        raise _wrong(f"Value must be provided when Exists is {state} for Attribute: {name}")
    return comparison(name, "EQ", [value])


def comparison(name: str, comparison_operator: str, values: list[Any] | None) -> Node:
    """One comparison of an attribute. Raises: Refused: wrong arguments."""
    rule = COMPARISONS[comparison_operator]
    arguments: list[Value] = [canonical(value) for value in values or []]
    if not rule.least <= len(arguments) <= rule.most:
        raise _wrong(f"Invalid number of argument(s) for the {comparison_operator} ComparisonOperator")
    for each in arguments:
        if kind_of(each) not in rule.types:
            raise _wrong(
                f"ComparisonOperator {comparison_operator} is not valid for {kind_of(each)} AttributeValue type"
            )
    if len({kind_of(each) for each in arguments}) > 1:
        raise _wrong("AttributeValues inside AttributeValueList must be of same type")
    if rule.name == "BETWEEN" and order(arguments[0]) > order(arguments[1]):
        raise malformed(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    call = Call(rule.name, (Path((name,)), *(Literal(each) for each in arguments)))
    return Call("NOT", (call,)) if rule.negated else call


def actions(given: Mapping[str, Mapping[str, Any]] | None) -> tuple[Action, ...]:
    """The actions that AttributeUpdates states."""
    return tuple(_action(name, each) for name, each in (given or {}).items())


def _action(name: str, given: Mapping[str, Any]) -> Action:
    action, path = given.get("Action") or "PUT", Path((name,))
    if given.get("Value") is None:
        if action != "DELETE":
            raise _wrong("Only DELETE action is allowed when no attribute value is specified")
        return Action("REMOVE", path)
    value = canonical(given["Value"])
    kind = kind_of(value)
    if action == "DELETE" and kind not in SETS:
        raise _wrong(f"DELETE action with value is not supported for the type {kind}")
    if action == "ADD" and kind not in ("N", *SETS, "L"):
        raise _wrong(f"ADD action is not supported for the type {kind}")
    return Action({"PUT": "SET"}.get(action, action), path, Literal(value))


def paths(names: list[str] | None) -> tuple[Path, ...]:
    """The paths that AttributesToGet names: whole attributes."""
    return tuple(Path((name,)) for name in names or ())
