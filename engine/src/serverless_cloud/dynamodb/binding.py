"""Puts a request's names and values into its expressions, and reports what is wrong with them then.

The rules that need no item are checked here: unknown and unused names and values, types of given values, paths that
overlap, and parameters that can't be used together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from serverless_cloud.dynamodb.errors import DynamoDbError, malformed
from serverless_cloud.dynamodb.parser import Parsed, parse
from serverless_cloud.dynamodb.syntax import Action, Call, Literal, Node, Path, Placeholder, walk
from serverless_cloud.dynamodb.values import (
    ORDERED,
    SETS,
    TYPES,
    Attributes,
    InSet,
    canonical,
    content_of,
    kind_of,
    order,
    text_of,
)  # fmt: skip

_NAME, _VALUE = re.compile(r"#[A-Za-z0-9_]+"), re.compile(r":[A-Za-z0-9_]+")
_ALL = tuple(TYPES)
#: The types that given operands may have, by function and the operand's number from 0.
_ALLOWED: dict[str, dict[int, tuple[str, ...]]] = {
    **{sign: {0: ORDERED, 1: ORDERED} for sign in ("<", "<=", ">", ">=")},
    "BETWEEN": {0: ORDERED, 1: ORDERED, 2: ORDERED},
    "begins_with": {0: ("S", "B"), 1: ("S", "B")},
    "contains": {0: ("S", "B", *SETS, "L")},
    "size": {0: ("S", "B", *SETS, "L", "M")},
    "attribute_type": {1: ("S",)},
    "+": {0: ("N",), 1: ("N",)},
    "-": {0: ("N",), 1: ("N",)},
    "list_append": {0: ("L",), 1: ("L",)},
}
_DISTINCT = ("=", "<>", "<", "<=", ">", ">=", "BETWEEN", "IN", "contains", "begins_with")
_ACTION_TYPES = {"ADD": ("N", *SETS), "DELETE": SETS}


class Expressions:
    """The expressions of one request, with its names and values.

    Args:
        request: The request, or the part of it that has the members below.
        kinds: The members that may hold an expression, in the order in which DynamoDB reads them.

    Raises:
        DynamoDbError: names or values are malformed, or there is no expression that could use them.
    """

    def __init__(self, request: Mapping[str, Any], kinds: tuple[str, ...]) -> None:
        self._request = request
        self._names: Mapping[str, str] | None = request.get("ExpressionAttributeNames")
        self._values: Attributes | None = None
        self._used: set[str] = set()
        absent = all(request.get(kind) is None for kind in kinds)
        if self._names is not None:
            _check_names(self._names, absent)
        if (values := request.get("ExpressionAttributeValues")) is not None:
            using = [kind for kind in kinds if kind != "ProjectionExpression"]
            self._values = _check_values(values, using, all(request.get(kind) is None for kind in using))

    def condition(self, kind: str) -> Node | None:
        """The condition in a member of the request, or None if it isn't there."""
        parsed = self._parsed(kind)
        if parsed is None or parsed.condition is None:
            return None
        try:
            return checked(self._bound(parsed.condition))
        except DynamoDbError as error:
            raise malformed(f"Invalid {kind}: {error.message}") from None

    def actions(self, kind: str = "UpdateExpression") -> tuple[Action, ...]:
        """The actions of the update; none if there is no expression."""
        parsed = self._parsed(kind)
        if parsed is None:
            return ()
        try:
            return self._checked_actions(parsed.actions)
        except DynamoDbError as error:
            raise malformed(f"Invalid {kind}: {error.message}") from None

    def paths(self, kind: str = "ProjectionExpression") -> tuple[Path, ...]:
        """The paths of the projection; none if there is no expression."""
        parsed = self._parsed(kind)
        if parsed is None:
            return ()
        try:
            paths = tuple(self._path(path) for path in parsed.paths)
            check_overlaps(paths)
        except DynamoDbError as error:
            raise malformed(f"Invalid {kind}: {error.message}") from None
        return paths

    def check_used(self) -> None:
        """Raises for names and values that no expression has used."""
        for what, mapping in (("Names", self._names), ("Values", self._values)):
            unused = [name for name in mapping or () if name not in self._used]
            if unused:
                raise malformed(
                    f"Value provided in ExpressionAttribute{what} unused in expressions: keys: {{{', '.join(unused)}}}"
                )

    def _parsed(self, kind: str) -> Parsed | None:
        text = self._request.get(kind)
        return None if text is None else parse(text, kind)

    def _checked_actions(self, parsed: tuple[Action, ...]) -> tuple[Action, ...]:
        actions = []
        for action in parsed:
            path = self._path(action.path)
            value = None if action.value is None else checked(self._bound(action.value))
            allowed = _ACTION_TYPES.get(action.section, _ALL)
            if isinstance(value, Literal) and kind_of(value.value) not in allowed:
                raise malformed(
                    "Incorrect operand type for operator or function; operator: "
                    f"{action.section}, operand type: {TYPES[kind_of(value.value)]}, "
                    f"typeSet: ALLOWED_FOR_{action.section}_OPERAND"
                )
            actions.append(replace(action, path=path, value=value))
        check_overlaps([action.path for action in actions])
        return tuple(actions)

    def _bound(self, node: Node) -> Node:
        return walk(node, self._leaf)

    def _leaf(self, node: Node) -> Node:
        if isinstance(node, Path):
            return self._path(node)
        if not isinstance(node, Placeholder):
            return node
        self._used.add(node.name)
        if self._values is None or node.name not in self._values:
            raise malformed(
                f"An expression attribute value used in expression is not defined; attribute value: {node.name}"
            )
        return Literal(self._values[node.name])

    def _path(self, path: Path) -> Path:
        if not any(isinstance(part, str) and part.startswith("#") for part in path.parts):
            return path
        return Path(tuple(self._name(part) for part in path.parts))

    def _name(self, part: str | int) -> str | int:
        if isinstance(part, int) or not part.startswith("#"):
            return part
        self._used.add(part)
        if self._names is None or part not in self._names:
            raise malformed(
                f"An expression attribute name used in the document path is not defined; attribute name: {part}"
            )
        return self._names[part]


def _check_names(names: Mapping[str, str], absent: bool) -> None:
    if absent:
        raise malformed("ExpressionAttributeNames can only be specified when using expressions")
    if not names:
        raise malformed("ExpressionAttributeNames must not be empty")
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise malformed(f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{name}"')


def _check_values(placeholders: Mapping[str, Any], kinds: list[str], absent: bool) -> Attributes:
    if absent:
        verb = "is" if len(kinds) == 1 else "are"
        names = " and ".join(kinds) if kinds else "ProjectionExpression"
        raise malformed(f"ExpressionAttributeValues can only be specified when using expressions: {names} {verb} null")
    if not placeholders:
        raise malformed("ExpressionAttributeValues must not be empty")
    values: Attributes = {}
    for name, value in placeholders.items():
        if _VALUE.fullmatch(name) is None:
            raise malformed(f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{name}"')
        try:
            values[name] = canonical(value)
        except DynamoDbError as error:
            if error.code != "ValidationException" or (error.of_request and not isinstance(error, InSet)):
                raise
            message = f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}"
            raise malformed(message) from None
    return values


def check_overlaps(paths: Iterable[Path]) -> None:
    """Raises if two paths lead to the same place, one into the other, or into a map and a list at once."""
    earlier_paths: list[Path] = []
    for path in paths:
        for other in earlier_paths:
            pairs = list(zip(other.parts, path.parts, strict=False))
            differs = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if differs is not None and type(differs[0]) is type(differs[1]):
                continue
            what = "overlap" if differs is None else "conflict"
            raise malformed(
                f"Two document paths {what} with each other; must remove or rewrite one of these paths; "
                f"path one: {other}, path two: {path}"
            )
        earlier_paths.append(path)


def checked(node: Node) -> Node:
    """The node again. Raises: DynamoDbError: an operand of a function in it can't be right."""
    if not isinstance(node, Call):
        return node
    name, operands = node.name, node.operands
    for inner in operands:
        checked(inner)
    if name in _DISTINCT and operands[0] in operands[1:] and isinstance(operands[0], Path):
        raise malformed(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {name}, first operand: {operands[0]}"
        )
    for number, types in _ALLOWED.get(name, {}).items():
        operand = operands[number]
        if isinstance(operand, Literal) and kind_of(operand.value) not in types:
            raise malformed(
                "Incorrect operand type for operator or function; operator or function: "
                f"{name}, operand type: {kind_of(operand.value)}"
            )
    if name == "attribute_type":
        _check_type_name(operands[1])
    if name == "BETWEEN":
        _check_bounds(operands[1], operands[2])
    return node


def _check_type_name(operand: Node) -> None:
    if not isinstance(operand, Literal):
        raise malformed(
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: "
            "{S,SS,N,NS,B,BS,BOOL,NULL,L,M,HD,DOUBLE,FLOAT,HDS,FS,DOUBLESET,DICT,DECIMAL,INT,DECIMALSET,INTSET}"
        )
    if content_of(operand.value) not in TYPES:
        raise malformed(
            f"Invalid attribute type name found; type: {content_of(operand.value)}, "
            "valid types: {S,SS,N,NS,B,BS,BOOL,NULL,L,M}"
        )


def _check_bounds(low: Node, high: Node) -> None:
    if not isinstance(low, Literal) or not isinstance(high, Literal):
        return
    shows = (
        f"lower bound operand: AttributeValue: {text_of(low.value)}, "
        f"upper bound operand: AttributeValue: {text_of(high.value)}"
    )
    if kind_of(low.value) != kind_of(high.value):
        raise malformed(f"The BETWEEN operator requires same data type for lower and upper bounds; {shows}")
    if order(low.value) > order(high.value):
        raise malformed(
            f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {shows}"
        )
